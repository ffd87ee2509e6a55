#include "formats/face_writer.h"

#include <array>

#include <fmt/format.h>

#include "formats/face_records.h"
#include "lafs/error.h"

namespace lafs::formats {

void FaceWriter::add(int64_t label, std::span<const uint8_t> picture) {
  if (label < 0 || label > range_limit) {
    throw Error(
        fmt::format("label {} is outside [0, {}], the numbers that the format holds exactly; number identities from 0, as renumber = "
                    "true of record_set does",
                    label, range_limit));
  }
  const bool range = style_ == Style::range;
  const int64_t key = pictures_ + (range ? 1 : 0);
  if (range) {
    if (pictures_ > 0 && label < label_)
      throw Error(fmt::format("label {} follows label {}; range style needs them in order", label, label_));
    const int64_t opened = ranges_.empty() ? 1 : label - label_;
    if (key + static_cast<int64_t>(ranges_.size()) + opened >= range_limit)
      throw Error(fmt::format("range style holds fewer than {} records; plain style holds more", range_limit));
    for (int64_t i = 0; i < opened; ++i) ranges_.emplace_back(key, key);
    ranges_.back().second = key + 1;
    label_ = label;
  }
  const std::array<float, 1> labels{static_cast<float>(label)};
  records_.write(static_cast<uint64_t>(key), face_record(labels, false, static_cast<uint64_t>(key), 0, picture));
  ++pictures_;
}

void FaceWriter::finish() {
  if (style_ == Style::range) {
    const int64_t first = pictures_ + 1, end = first + static_cast<int64_t>(ranges_.size());
    for (int64_t key = first; key < end; ++key) {
      const auto [begin, past] = ranges_[static_cast<size_t>(key - first)];
      const std::array<float, 2> labels{static_cast<float>(begin), static_cast<float>(past)};
      records_.write(static_cast<uint64_t>(key), face_record(labels, true, static_cast<uint64_t>(key), 0, {}));
    }
    const std::array<float, 2> labels{static_cast<float>(first), static_cast<float>(end)};
    records_.write(0, face_record(labels, true, 0, 1, {}));
  }
  records_.finish();
}

std::string property_text(int64_t classes, int64_t height, int64_t width, int64_t pictures) {
  return fmt::format("{},{},{}\n{}", classes, height, width, pictures < 0 ? "" : fmt::format("{}\n", pictures));
}

}  // namespace lafs::formats
