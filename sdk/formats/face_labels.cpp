#include <algorithm>
#include <array>
#include <atomic>
#include <mutex>

#include <fmt/format.h>

#include "formats/face_records.h"
#include "formats/little_endian.h"
#include "lafs/error.h"
#include "lafs/parallel.h"

// The part of FaceRecords that finds the label of each picture.
namespace lafs::formats {

namespace {

/// Of a header and the first label of a list.
constexpr size_t label_bytes = FaceHeader::bytes + 4;

}  // namespace

/// Pictures end where identities begin. Large numbers are rounded by the format; small ones that are too large are a mistake of the
/// builder.
void FaceRecords::shorten(Range& range, int64_t key, int64_t first_identity) {
  if (range.end > first_identity && first_identity < exact_labels)
    warnings_.push_back(fmt::format("\"{}\": key {}: the range of an identity, {} to {}, is read up to {}, where the pictures end",
                                    path().string(), key, range.first, range.end, first_identity));
  range.end = first_identity;
}

void FaceRecords::label_ranges(const std::vector<Range>& ranges, bool own) {
  // Labels of builders are numbers of ranges; sets cut from others may keep the labels of the whole.
  constexpr size_t tried = 1024;
  const size_t step = std::max<size_t>(1, ranges.size() / tried);
  std::optional<int64_t> shift;
  RecordFile::Window window;
  int64_t begin = 0;
  for (size_t r = 0; r < ranges.size() && !own; ++r) {
    const int64_t pictures = ranges[r].end - ranges[r].first;
    if (r % step == 0 && pictures > 0) {
      const int64_t difference = own_header(begin, window).label - static_cast<int64_t>(r);
      if (!shift) shift = difference;
      own = *shift != difference;
    }
    begin += pictures;
  }
  if (own) {
    read_labels(0, size());
  } else if (shift.value_or(0) != 0) {
    for (uint32_t& label : labels_) label = static_cast<uint32_t>(label + *shift);
  }
}

FaceRecords::OwnHeader FaceRecords::own_header(int64_t i, RecordFile::Window& window) const {
  const RecordFile::Head head = file_.head(offset(i), label_bytes, window);
  try {
    std::array<uint8_t, label_bytes> first{};
    std::copy(head.bytes.begin(), head.bytes.end(), first.begin());
    const auto flag = static_cast<uint32_t>(from_little_endian(first.data(), 4));
    // The first label of a list is the class; the others need not be read.
    if (flag > 1 && flag <= uint32_t{1} << 20) first[0] = 1, first[1] = first[2] = 0;
    const FaceHeader header = parse_face_header(std::span(first).first(head.bytes.size()));
    if (head.length <= FaceHeader::bytes + uint64_t{4} * flag) throw Error("expected a picture, found nothing");
    return {whole_label(header.labels[0]), header.id, head.length};
  } catch (const Error& error) {
    throw Error(fmt::format("{}: {}", name(i), error.what()));
  }
}

void FaceRecords::read_labels(int64_t begin, int64_t end) {
  std::mutex guard;
  int64_t foreign = end;  // the first picture whose record has another id than its key
  std::atomic<uint64_t> counted = 0;
  const uint64_t usual = file_.size() / static_cast<uint64_t>(index_.size());
  for_blocks(begin, end, 4096, options_.threads, [&](int64_t first, int64_t past) {
    RecordFile::Window window;
    // Reading over small records is cheaper than a call to the system for each.
    if (usual < 2048) window.wanted = 65536;
    uint64_t bytes = 0;
    for (int64_t i = first; i < past; ++i) {
      const OwnHeader header = own_header(i, window);
      labels_[static_cast<size_t>(i)] = static_cast<uint32_t>(header.label);
      bytes += 8 + (header.length + 3) / 4 * 4;
      if (header.id == key(i)) continue;
      const std::lock_guard lock(guard);
      foreign = std::min(foreign, i);
    }
    counted += bytes;
  });
  if (foreign < end) warnings_.push_back(fmt::format("{}: its record has another id; keys of the index are used", name(foreign)));
  if (style_ == Style::plain && begin == 0 && end == size()) check_left_over(counted);
}

/// Says where records of the file are not in the index. A header record, and the marks within records that were split, take a few bytes.
void FaceRecords::check_left_over(uint64_t counted) {
  const uint64_t marks = 64 + static_cast<uint64_t>(size()) / 10000;
  if (counted + marks >= file_.size()) return;
  const std::filesystem::path index = std::filesystem::path(path()).replace_extension(".idx");
  warnings_.push_back(
      fmt::format("\"{}\": {} of its {} bytes belong to no record of the index, so that pictures may be left out; without \"{}\" the index "
                  "is made from "
                  "the records",
                  path().string(), file_.size() - counted, file_.size(), index.filename().string()));
}

void FaceRecords::check_label(int64_t i, float label_of_record) const {
  const int64_t own = whole_label(label_of_record);
  if (own == label(i)) return;
  const bool ranges = style_ == Style::range && !options_.own_labels;
  throw Error(fmt::format("its record says class {}, {} {}", own, ranges ? "its range" : "at opening it said", label(i)));
}

}  // namespace lafs::formats
