#pragma once
#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "formats/template_lists.h"
#include "lafs/data_source.h"

namespace lafs::formats {

/// The pictures of a list of templates, found in a data source by their names.
struct TemplateSet {
  std::vector<int64_t> templates, media;  ///< of each picture, in the order of the list
  std::vector<int64_t> indices;           ///< where the source has it
  std::vector<float> scores;              ///< of the detector; empty without a list of faces
  std::vector<std::string> notes;         ///< what is odd in the lists, and not an error
  std::vector<std::string> warnings;      ///< what was left out
  std::vector<int64_t> without;           ///< templates of the list that are left without a picture, ascending

  bool lacks(int64_t template_id) const { return std::binary_search(without.begin(), without.end(), template_id); }
};

/// What becomes of a picture that the source does not have.
enum class MissingPicture { error, skip };

/// Reads `face_tid_mid` and, unless `faces` is empty, `name_5pts_score`. Throws Error with file and line for what the readers refuse, for
/// lists that differ, for a picture that the source lacks unless these are left out, and where none is left.
TemplateSet read_template_set(const std::filesystem::path& pictures, const std::filesystem::path& faces, const DataSource& source,
                              MissingPicture missing = MissingPicture::error);

/// The sentence that documents an evaluator's option "missing" of "error" or "skip".
inline constexpr std::string_view about_missing =
    "error: a picture of the list that is missing is an error; skip: it is left out and counted, and so are templates without a picture";

/// Reads `template_pair_label`; of what was left out of the set, pairs are left out too, with a warning in the set. Positions are those of
/// the templates that the set has, in ascending order. Throws Error as `read_template_pairs`, and where no pair is left.
TemplatePairs read_pairs_of(TemplateSet& set, const std::filesystem::path& pairs, const std::filesystem::path& pictures);

}  // namespace lafs::formats
