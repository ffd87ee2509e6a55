#include "formats/face_records.h"

#include <algorithm>
#include <array>
#include <bit>

#include <fmt/format.h>

#include "formats/file_kind.h"
#include "formats/little_endian.h"
#include "lafs/error.h"

namespace lafs::formats {

namespace fs = std::filesystem;

namespace {

/// Ranges are `f32`, too.
constexpr int64_t exact_keys = exact_labels;
/// Of a record that holds an identity's range: a header and two labels.
constexpr size_t identity_bytes = FaceHeader::bytes + 8;

Error of_record(const fs::path& file, int64_t key, const std::string& what) {
  return Error(fmt::format("\"{}\": key {}: {}", file.string(), key, what));
}

}  // namespace

FaceRecords::FaceRecords(const fs::path& records, const Options& options) : file_(records), options_(options), index_(open_index()) {
  if (index_.size() == 0)
    throw Error(fmt::format("\"{}\" is empty; without it the index is made from the records", index_of(path()).string()));
  open_property();
  if (file_.ends_without_padding()) warnings_.push_back(fmt::format("\"{}\" ends without the padding of its last record", path().string()));
  if (const auto header = range_header()) {
    style_ = Style::range;
    read_ranges(*header);
  } else {
    read_plain();
  }
  check_labels();
}

/// What the labels and the property file say of each other.
void FaceRecords::check_labels() {
  for (const uint32_t label : labels_) largest_ = std::max<int64_t>(largest_, label);
  if (property_ && property_->pictures && *property_->pictures != size())
    warnings_.push_back(
        fmt::format("\"{}\": the property file says {} pictures, there are {}", path().string(), *property_->pictures, size()));
  if (property_ && property_->classes > 0 && largest_ >= property_->classes) {
    warnings_.push_back(fmt::format("\"{}\": the property file says {} classes, and labels go up to {}; the labels count", path().string(),
                                    property_->classes, largest_));
  }
  if (largest_ > exact_labels) {
    warnings_.push_back(
        fmt::format("\"{}\": labels go up to {}, and the format rounds those above {} to other whole numbers, so that "
                    "people with neighbouring numbers may have become one",
                    path().string(), largest_, exact_labels));
  }
}

/// All records are pictures, in the order of the index; but a header of zeros is not, nor are the records of identities.
void FaceRecords::read_plain() {
  if (without_zeros_) {
    const int64_t zero = index_.at(0);
    for (int64_t i = 0; i < index_.size(); ++i) {
      if (i != zero) positions_.push_back(static_cast<uint32_t>(i));
    }
    if (positions_.empty()) throw Error(fmt::format("\"{}\" holds no pictures", path().string()));
  }
  labels_.resize(positions_.empty() ? static_cast<size_t>(index_.size()) : positions_.size());
  read_labels(0, size());
}

/// A file that is something else says what, before its index does.
void FaceRecords::check_kind() const {
  if (file_.size() == 0) throw Error(fmt::format("\"{}\" is empty", path().string()));
  if (file_.begins_with_record()) return;
  if (const auto what = not_data(path())) throw Error(*what);
}

RecordIndex FaceRecords::open_index() {
  check_kind();
  const fs::path file = index_of(path());
  if (fs::exists(file)) return RecordIndex::read(file, file_.size());
  warnings_.push_back(fmt::format("\"{}\" is missing; the index was made from the records", file.string()));
  return RecordIndex::scan(file_);
}

void FaceRecords::open_property() {
  fs::path file = path().parent_path() / "property";
  if (!fs::exists(file) && fs::exists(path().parent_path() / "PROPERTY")) file = path().parent_path() / "PROPERTY";
  if (fs::exists(file)) {
    property_ = read_property(file);
  } else {
    warnings_.push_back(fmt::format("\"{}\" is missing; classes are counted from the labels", file.string()));
  }
}

std::optional<FaceHeader> FaceRecords::range_header() {
  const auto position = index_.find(0);
  if (!position) return std::nullopt;
  std::vector<uint8_t> payload;
  try {
    file_.read(index_.offset(*position), payload);
    FaceHeader header = parse_face_header(payload);
    if (header.flag == 0) return std::nullopt;
    if (payload.size() > header.body) {
      // Pictures may carry lists of labels; a header has no picture.
      warnings_.push_back(
          fmt::format("\"{}\": record 0 has {} labels and a picture, so the set is read as plain", path().string(), header.flag));
      return std::nullopt;
    }
    if (header.labels.size() != 2) throw Error(fmt::format("expected 2 labels of the header record, found {}", header.labels.size()));
    const int64_t first = whole_label(header.labels[0]), end = whole_label(header.labels[1]);
    if (first == 0 && end == 0) return header_in_place_of_zeros();
    if (first < 1 || first > end) throw Error(fmt::format("expected keys of identities, the first from 1, found {} to {}", first, end));
    return header;
  } catch (const Error& error) {
    const std::string what = error.what();
    throw what.starts_with('"') ? error : of_record(path(), 0, what);
  }
}

/// Some builders never fill in record 0. Where there are records of identities, they are the last keys, one after the other; without any,
/// each picture says its identity itself.
std::optional<FaceHeader> FaceRecords::header_in_place_of_zeros() {
  int64_t last = 0;
  for (int64_t i = 0; i < index_.size(); ++i) last = std::max(last, static_cast<int64_t>(index_.key(i)));
  int64_t first = last + 1;
  while (first > 1 && is_identity_record(first - 1)) --first;
  const std::string zeros = fmt::format("\"{}\": record 0, which should say where the identities are, says 0 to 0", path().string());
  if (first > last) {
    without_zeros_ = true;
    warnings_.push_back(zeros + ", and there are none, so the set is read as plain");
    return std::nullopt;
  }
  warnings_.push_back(fmt::format("{}; they were found at keys {} to {}", zeros, first, last));
  FaceHeader header;
  header.flag = 2;
  header.id2 = 1;
  header.labels = {static_cast<float>(first), static_cast<float>(last + 1)};
  return header;
}

FaceHeader FaceRecords::identity_record(int64_t key) const {
  std::vector<uint8_t> payload;
  file_.read(index_.offset(index_.at(static_cast<uint64_t>(key))), payload, 64);
  try {
    FaceHeader header = parse_face_header(payload);
    if (header.flag != 2) throw Error(fmt::format("expected 2 labels of an identity record, found {}", header.flag));
    if (payload.size() != header.body)
      throw Error(fmt::format("expected an identity record without a picture, found {} bytes", payload.size() - header.body));
    return header;
  } catch (const Error& error) {
    throw of_record(path(), key, error.what());
  }
}

bool FaceRecords::is_identity_record(int64_t key) const {
  const auto position = index_.find(static_cast<uint64_t>(key));
  if (!position) return false;
  RecordFile::Window window;
  const RecordFile::Head head = file_.head(index_.offset(*position), identity_bytes, window);
  return head.length == identity_bytes && from_little_endian(head.bytes.data(), 4) == 2;
}

std::pair<int64_t, int64_t> FaceRecords::identity_keys(const FaceHeader& header) const {
  int64_t first = whole_label(header.labels[0]), end = whole_label(header.labels[1]);
  // Above exact_keys the numbers may be rounded: the records around them show where the range really begins and ends.
  while (first > exact_keys && is_identity_record(first - 1)) --first;
  while (first > exact_keys && first < end && !is_identity_record(first)) ++first;
  if (end > exact_keys) {
    while (end > first && !is_identity_record(end - 1)) --end;
    while (is_identity_record(end)) ++end;
  }
  return {first, end};
}

std::vector<FaceRecords::Range> FaceRecords::ranges_of(int64_t first_identity, int64_t end_identity) {
  std::vector<Range> ranges;
  const int64_t rounded_end = static_cast<int64_t>(static_cast<float>(first_identity));
  for (int64_t key = first_identity; key < end_identity; ++key) {
    const FaceHeader record = identity_record(key);
    try {
      Range range{whole_label(record.labels[0]), whole_label(record.labels[1])};
      if (range.end > first_identity || (key + 1 == end_identity && range.end == rounded_end)) shorten(range, key, first_identity);
      if (range.first < 1 || range.first > range.end)
        throw Error(fmt::format("expected a range of keys below {}, found {} to {}", first_identity, record.labels[0], record.labels[1]));
      ranges.push_back(range);
    } catch (const Error& error) {
      throw of_record(path(), key, error.what());
    }
  }
  return ranges;
}

void FaceRecords::read_ranges(const FaceHeader& header) {
  const auto [first_identity, end_identity] = identity_keys(header);
  const std::vector<Range> ranges = ranges_of(first_identity, end_identity);
  check_ranges(ranges, first_identity);
  place_pictures(ranges);
  if (size() == 0) throw Error(fmt::format("\"{}\" holds no pictures", path().string()));
  label_ranges(ranges, options_.own_labels);
  int64_t beyond = size();
  while (beyond > 0 && key(beyond - 1) >= static_cast<uint64_t>(exact_keys)) --beyond;
  if (!options_.own_labels && ranges.back().end > exact_keys) read_labels(beyond, size());
}

void FaceRecords::place_pictures(const std::vector<Range>& ranges) {
  size_t pictures = 0;
  for (const Range& range : ranges) pictures += static_cast<size_t>(range.end - range.first);
  // Every picture must be in the index, so a wrong range cannot reserve more than the index has.
  labels_.reserve(std::min(pictures, static_cast<size_t>(index_.size())));
  for (size_t r = 0; r < ranges.size(); ++r) {
    for (int64_t key = ranges[r].first; key < ranges[r].end; ++key) {
      const int64_t at = index_.at(static_cast<uint64_t>(key));
      if (labels_.empty()) first_ = at;
      if (positions_.empty() && at != first_ + size()) {
        for (int64_t i = 0; i < size(); ++i) positions_.push_back(static_cast<uint32_t>(first_ + i));
      }
      if (!positions_.empty() || at != first_ + size()) positions_.push_back(static_cast<uint32_t>(at));
      labels_.push_back(static_cast<uint32_t>(r));
    }
  }
}

void FaceRecords::check_ranges(const std::vector<Range>& ranges, int64_t identity_key) {
  int64_t gaps = 0, missing = 0, before = 1;
  for (size_t r = 0; r <= ranges.size(); ++r) {
    const Range range = r < ranges.size() ? ranges[r] : Range{identity_key, identity_key};
    if (range.first < before) {
      throw of_record(path(), identity_key + static_cast<int64_t>(r),
                      fmt::format("expected a range from key {} on, found {} to {}, which overlaps", before, range.first, range.end));
    }
    gaps += range.first > before;
    missing += range.first - before;
    before = range.end;
  }
  if (gaps > 0)
    warnings_.push_back(fmt::format("\"{}\": {} gaps between the ranges of identities leave out {} keys", path().string(), gaps, missing));
}

std::optional<int64_t> FaceRecords::find(uint64_t key) const {
  const auto position = index_.find(key);
  if (!position || (style_ == Style::plain && positions_.empty())) return position;
  if (style_ == Style::plain) {
    const auto at = std::lower_bound(positions_.begin(), positions_.end(), static_cast<uint32_t>(*position));
    return at != positions_.end() && *at == *position ? std::optional(at - positions_.begin()) : std::nullopt;
  }
  int64_t low = 0, high = size();  // ranges do not overlap, so that keys ascend
  while (low < high) {
    const int64_t middle = low + (high - low) / 2;
    if (this->key(middle) < key) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low < size() && this->key(low) == key ? std::optional(low) : std::nullopt;
}

std::string FaceRecords::name(int64_t i) const { return fmt::format("\"{}\": key {}", path().string(), key(i)); }

uint64_t FaceRecords::taken_bytes(int64_t i) const {
  constexpr uint64_t usual = 16384;
  const uint64_t here = offset(i), next = i + 1 < size() ? offset(i + 1) : 0;
  return next > here && next - here <= 4 * usual ? next - here : usual;
}

std::vector<uint8_t> FaceRecords::picture(int64_t i) const {
  std::vector<uint8_t> body;
  std::array<uint8_t, FaceHeader::bytes> first{};
  const bool apart = file_.read_apart(offset(i), first, body, taken_bytes(i));
  try {
    if (apart && from_little_endian(first.data(), 4) == 0) {
      check_label(i, std::bit_cast<float>(static_cast<uint32_t>(from_little_endian(first.data() + 4, 4))));
    } else {
      file_.read(offset(i), body);
      const FaceHeader header = parse_face_header(body);
      check_label(i, header.labels[0]);
      body.erase(body.begin(), body.begin() + static_cast<std::ptrdiff_t>(header.body));
    }
    if (body.empty()) throw Error("expected a picture, found nothing");
  } catch (const Error& error) {
    const std::string what = error.what();
    throw what.starts_with('"') ? error : Error(fmt::format("{}: {}", name(i), what));
  }
  return body;
}

bool FaceRecords::record(int64_t i, std::vector<uint8_t>& bytes) const try {
  file_.read(offset(i), bytes, taken_bytes(i));
  return true;
} catch (const Error&) {
  return false;
}

}  // namespace lafs::formats
