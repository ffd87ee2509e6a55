#pragma once
#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace lafs::ijb {

/// What the lists of an IJB folder say of its pictures, in the order of the lists.
struct Meta {
  std::filesystem::path faces_file;           ///< meta/ijbc_name_5pts_score.txt: the list that errors point at
  std::vector<std::string> names;             ///< of pictures in loose_crop
  std::vector<std::array<float, 10>> points;  ///< x and y of eyes, nose and mouth corners
  std::vector<float> scores;                  ///< of the detector
  std::vector<int64_t> lines;                 ///< in `faces_file`
  std::vector<int64_t> templates;             ///< distinct ids, ascending
  std::vector<uint32_t> positions;            ///< of each picture's template in `templates`
};

/// Reads `meta/*_face_tid_mid.txt` and `meta/*_name_5pts_score.txt` below `root`. Throws Error for a folder without one of them or with
/// several, for a wrong line, and where the two lists do not name the same pictures in one order.
Meta read_meta(const std::filesystem::path& root);

/// A sentence on detector scores outside [0, 1]; empty where there is none.
std::string score_note(const Meta& meta);

}  // namespace lafs::ijb
