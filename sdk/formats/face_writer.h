#pragma once
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "formats/recordio.h"

namespace lafs::formats {

/// Writes a face record set as the builders of MXNet and InsightFace do (data-formats.md 2). Range style: pictures have keys from 1,
/// then come a record for each identity, and the header, key 0. Plain style: keys from 0. Labels are written as `f32`.
/// File and index appear at `finish`, or not at all. [one thread at a time]
class FaceWriter {
 public:
  enum class Style { range, plain };
  /// More pictures and identities than this cannot be written in range style, whose ranges are `f32`.
  static constexpr int64_t range_limit = int64_t{1} << 24;

  FaceWriter(const std::filesystem::path& records, Style style) : style_(style), records_(records) {}
  /// Appends an encoded picture. Range style: labels must not fall. Throws Error for one that does, and for a label above 2^24, which
  /// `f32` would round.
  void add(int64_t label, std::span<const uint8_t> picture);
  void finish();
  int64_t pictures() const { return pictures_; }

 private:
  Style style_;
  RecordWriter records_;
  std::vector<std::pair<int64_t, int64_t>> ranges_;  ///< keys of each identity, from the first label on
  int64_t pictures_ = 0, label_ = 0;
};

/// The text of the file `property`; `pictures` < 0: without the second line, which some readers do not accept.
std::string property_text(int64_t classes, int64_t height, int64_t width, int64_t pictures = -1);

}  // namespace lafs::formats
