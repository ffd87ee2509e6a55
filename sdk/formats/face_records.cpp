#include "formats/face_records.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <functional>
#include <mutex>
#include <numeric>
#include <thread>

#include <fmt/format.h>

#include "lafs/error.h"

namespace lafs {

namespace fs = std::filesystem;

namespace {

/// Up to here a range's `f32` holds every whole number.
constexpr int64_t exact_keys = int64_t{1} << 24;
constexpr size_t label_bytes = FaceHeader::bytes + 4;

Error of_record(const fs::path& file, int64_t key, const std::string& what) {
  return Error(fmt::format("\"{}\": key {}: {}", file.string(), key, what));
}

}  // namespace

FaceRecords::FaceRecords(const fs::path& records, const Options& options) : file_(records), options_(options) {
  const RecordIndex index = open_index();
  if (index.size() == 0) throw Error(fmt::format("\"{}\" holds no records", path().string()));
  open_property();
  if (file_.ends_without_padding()) warnings_.push_back(fmt::format("\"{}\" ends without the padding of its last record", path().string()));
  if (const auto header = range_header(index)) {
    style_ = Style::range;
    read_ranges(index, *header);
  } else {
    read_plain(index);
  }
  for (const uint32_t label : labels_) largest_ = std::max<int64_t>(largest_, label);
  if (property_ && property_->pictures && *property_->pictures != size())
    warnings_.push_back(
        fmt::format("\"{}\": the property file says {} pictures, there are {}", path().string(), *property_->pictures, size()));
}

RecordIndex FaceRecords::open_index() {
  const fs::path file = index_of(path());
  if (fs::exists(file)) return RecordIndex::read(file, file_.size());
  warnings_.push_back(fmt::format("\"{}\" is missing; the index was made from the records", file.string()));
  return RecordIndex::scan(file_);
}

void FaceRecords::open_property() {
  const fs::path file = path().parent_path() / "property";
  if (fs::exists(file)) {
    property_ = read_property(file);
  } else {
    warnings_.push_back(fmt::format("\"{}\" is missing; classes are counted from the labels", file.string()));
  }
}

std::optional<FaceHeader> FaceRecords::range_header(const RecordIndex& index) {
  const auto position = index.find(0);
  if (!position) return std::nullopt;
  std::vector<uint8_t> payload;
  try {
    file_.read(index.offset(*position), payload);
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
    if (first < 1 || first > end) throw Error(fmt::format("expected keys of identities, the first from 1, found {} to {}", first, end));
    return header;
  } catch (const Error& error) {
    const std::string what = error.what();
    throw what.starts_with('"') ? error : of_record(path(), 0, what);
  }
}

FaceHeader FaceRecords::identity_record(const RecordIndex& index, int64_t key) const {
  std::vector<uint8_t> payload;
  file_.read(index.offset(index.at(static_cast<uint64_t>(key))), payload, 64);
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

bool FaceRecords::is_identity_record(const RecordIndex& index, int64_t key) const {
  const auto position = index.find(static_cast<uint64_t>(key));
  if (!position) return false;
  const RecordFile::Head head = file_.head(index.offset(*position), label_bytes + 4);
  return head.length == label_bytes + 4 && parse_face_header(head.bytes).flag == 2;
}

std::pair<int64_t, int64_t> FaceRecords::identity_keys(const RecordIndex& index, const FaceHeader& header) const {
  int64_t first = whole_label(header.labels[0]), end = whole_label(header.labels[1]);
  // Rounded numbers are settled by the records around them.
  while (first > exact_keys && is_identity_record(index, first - 1)) --first;
  while (first > exact_keys && first < end && !is_identity_record(index, first)) ++first;
  if (end > exact_keys) {
    while (end > first && !is_identity_record(index, end - 1)) --end;
    while (is_identity_record(index, end)) ++end;
  }
  return {first, end};
}

void FaceRecords::read_ranges(const RecordIndex& index, const FaceHeader& header) {
  const auto [first_identity, end_identity] = identity_keys(index, header);
  std::vector<Range> ranges;
  for (int64_t key = first_identity; key < end_identity; ++key) {
    const FaceHeader record = identity_record(index, key);
    try {
      const Range range{whole_label(record.labels[0]), std::min(whole_label(record.labels[1]), first_identity)};
      if (range.first < 1 || range.first > range.end)
        throw Error(fmt::format("expected a range of keys below {}, found {} to {}", first_identity, record.labels[0], record.labels[1]));
      ranges.push_back(range);
    } catch (const Error& error) {
      throw of_record(path(), key, error.what());
    }
  }
  check_ranges(ranges, first_identity);
  std::vector<std::pair<int64_t, int64_t>> begins;  // where the pictures of an identity begin
  bool rounded = false;
  for (size_t r = 0; r < ranges.size(); ++r) {
    begins.emplace_back(size(), static_cast<int64_t>(r));
    rounded = rounded || ranges[r].end > exact_keys;
    for (int64_t key = ranges[r].first; key < ranges[r].end; ++key) {
      add(index, index.at(static_cast<uint64_t>(key)));
      labels_.push_back(static_cast<uint32_t>(r));
    }
  }
  if (size() == 0) throw Error(fmt::format("\"{}\" holds no pictures", path().string()));
  sort_keys();
  label_ranges(begins, options_.own_labels);
  if (rounded) {
    const auto beyond = std::lower_bound(keys_.begin(), keys_.end(), static_cast<uint32_t>(exact_keys));
    read_labels(beyond - keys_.begin(), size());
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

void FaceRecords::label_ranges(const std::vector<std::pair<int64_t, int64_t>>& begins, bool own) {
  // Labels of builders are numbers of ranges; sets cut from others may keep the labels of the whole.
  constexpr size_t tried = 1024;
  const size_t step = std::max<size_t>(1, begins.size() / tried);
  std::optional<int64_t> shift;
  for (size_t i = 0; !own && i < begins.size(); i += step) {
    const auto [begin, range] = begins[i];
    if (begin >= size() || label(begin) != range) continue;  // an identity without pictures
    uint64_t id = 0;
    const int64_t difference = own_label(begin, id) - range;
    if (!shift) shift = difference;
    own = *shift != difference;
  }
  if (own) {
    read_labels(0, size());
  } else if (shift.value_or(0) != 0) {
    for (uint32_t& label : labels_) label = static_cast<uint32_t>(label + *shift);
  }
}

void FaceRecords::read_plain(const RecordIndex& index) {
  for (int64_t i = 0; i < index.size(); ++i) add(index, i);
  labels_.resize(keys_.size());
  sort_keys();
  read_labels(0, size());
}

void FaceRecords::add(const RecordIndex& index, int64_t position) {
  keys_.push_back(static_cast<uint32_t>(index.key(position)));
  offsets_.push_back(index.offset(position));
}

void FaceRecords::sort_keys() {
  keys_.shrink_to_fit();
  labels_.shrink_to_fit();
  offsets_.shrink_to_fit();
  if (std::is_sorted(keys_.begin(), keys_.end())) return;
  by_key_.resize(keys_.size());
  std::iota(by_key_.begin(), by_key_.end(), 0);
  std::sort(by_key_.begin(), by_key_.end(), [&](uint32_t a, uint32_t b) { return keys_[a] < keys_[b]; });
}

std::optional<int64_t> FaceRecords::find(uint64_t key) const {
  const auto at =
      by_key_.empty()
          ? std::lower_bound(keys_.begin(), keys_.end(), key) - keys_.begin()
          : std::lower_bound(by_key_.begin(), by_key_.end(), key, [&](uint32_t i, uint64_t k) { return keys_[i] < k; }) - by_key_.begin();
  if (at == size()) return std::nullopt;
  const int64_t i = by_key_.empty() ? at : by_key_[static_cast<size_t>(at)];
  return this->key(i) == key ? std::optional(i) : std::nullopt;
}

std::string FaceRecords::name(int64_t i) const { return fmt::format("\"{}\": key {}", path().string(), key(i)); }

int64_t FaceRecords::own_label(int64_t i, uint64_t& id) const {
  const RecordFile::Head head = file_.head(offset(i), label_bytes);
  try {
    if (head.length < FaceHeader::bytes) parse_face_header(head.bytes);
    uint32_t flag = 0;
    for (size_t b = 0; b < 4; ++b) flag |= uint32_t{head.bytes[b]} << (8 * b);
    std::vector<uint8_t> first = head.bytes;
    if (flag > 1 && flag <= uint32_t{1} << 20) first[0] = 1, first[1] = first[2] = 0;  // the first label of a list is the class
    const FaceHeader header = parse_face_header(first);
    if (head.length <= FaceHeader::bytes + uint64_t{4} * flag) throw Error("expected a picture, found nothing");
    id = header.id;
    return whole_label(header.labels[0]);
  } catch (const Error& error) {
    throw Error(fmt::format("{}: {}", name(i), error.what()));
  }
}

void FaceRecords::read_labels(int64_t begin, int64_t end) {
  constexpr int64_t block = 4096;
  std::atomic<int64_t> next{begin};
  std::mutex guard;
  std::exception_ptr failure;
  int64_t failed_at = end, foreign = end;
  const auto work = [&] {
    for (int64_t at = next.fetch_add(block); at < end; at = next.fetch_add(block)) {
      int64_t i = at;
      try {
        for (; i < std::min(end, at + block); ++i) {
          uint64_t id = key(i);
          labels_[static_cast<size_t>(i)] = static_cast<uint32_t>(own_label(i, id));
          if (id == key(i)) continue;
          const std::lock_guard lock(guard);
          foreign = std::min(foreign, i);
        }
      } catch (...) {
        const std::lock_guard lock(guard);
        if (i < failed_at) failure = std::current_exception();
        failed_at = std::min(failed_at, i);
        next = end;
      }
    }
  };
  {
    std::vector<std::jthread> threads;
    for (int64_t t = 1; t < std::min(options_.threads, (end - begin) / block + 1); ++t) threads.emplace_back(work);
    work();
  }
  if (failure) std::rethrow_exception(failure);
  if (foreign < end) warnings_.push_back(fmt::format("{}: its record says another id; keys of the index are used", name(foreign)));
}

uint64_t FaceRecords::taken_bytes(int64_t i) const {
  constexpr uint64_t usual = 16384;
  const uint64_t here = offset(i), next = i + 1 < size() ? offset(i + 1) : 0;
  return next > here && next - here <= 4 * usual ? next - here : usual;
}

std::vector<uint8_t> FaceRecords::picture(int64_t i) const {
  std::vector<uint8_t> payload;
  file_.read(offset(i), payload, taken_bytes(i));
  try {
    const FaceHeader header = parse_face_header(payload);
    if (payload.size() == header.body) throw Error("expected a picture, found nothing");
    if (const int64_t own = whole_label(header.labels[0]); own != label(i)) {
      const bool ranges = style_ == Style::range && !options_.own_labels;
      throw Error(fmt::format("its record says class {}, {} {}", own, ranges ? "its range" : "at opening it said", label(i)));
    }
    payload.erase(payload.begin(), payload.begin() + static_cast<std::ptrdiff_t>(header.body));
    return payload;
  } catch (const Error& error) {
    throw Error(fmt::format("{}: {}", name(i), error.what()));
  }
}

}  // namespace lafs
