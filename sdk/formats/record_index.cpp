#include <algorithm>
#include <charconv>
#include <functional>
#include <numeric>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "formats/little_endian.h"
#include "formats/recordio.h"
#include "formats/text_file.h"
#include "lafs/error.h"

namespace lafs::formats {

namespace fs = std::filesystem;

fs::path index_of(fs::path records) {
  fs::path small = records, capital = std::move(records);
  small.replace_extension(".idx");
  capital.replace_extension(".IDX");
  std::error_code unknown;
  return !fs::exists(small, unknown) && fs::exists(capital, unknown) ? capital : small;
}

namespace {

std::string small_letters(std::string text) {
  for (char& c : text) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  return text;
}

}  // namespace

bool is_record_name(const fs::path& file) { return small_letters(file.extension().string()) == ".rec"; }

std::vector<fs::path> record_files(const fs::path& folder) {
  if (fs::exists(folder / "train.rec")) return {folder / "train.rec"};
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (small_letters(entry.path().filename().string()) == "train.rec") return {entry.path()};
    if (is_record_name(entry.path())) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

void CompactOffsets::push_back(uint64_t offset) {
  const uint64_t word = offset / 4;
  if (word >> 32 != 0 && high_.empty()) high_.resize(low_.size(), 0);
  low_.push_back(static_cast<uint32_t>(word));
  if (word >> 32 != 0 || !high_.empty()) high_.push_back(static_cast<uint8_t>(word >> 32));
}

void CompactOffsets::shrink_to_fit() {
  low_.shrink_to_fit();
  high_.shrink_to_fit();
}

void RecordIndex::reserve(uint64_t lines) {
  keys_.reserve(lines);
  offsets_.reserve(lines);
}

void RecordIndex::add(uint64_t key, uint64_t offset) {
  if (key > UINT32_MAX) throw Error(fmt::format("key {} is above {}", key, UINT32_MAX));
  if (offset >= CompactOffsets::limit) throw Error(fmt::format("offset {} is not below {}", offset, CompactOffsets::limit));
  keys_.push_back(static_cast<uint32_t>(key));
  offsets_.push_back(offset);
}

std::optional<int64_t> RecordIndex::sort() {
  keys_.shrink_to_fit();
  offsets_.shrink_to_fit();
  // Record 0 of face sets usually comes last; it needs no order of its own.
  const auto end = keys_.size() > 1 && keys_.back() == 0 && keys_.front() != 0 ? keys_.end() - 1 : keys_.end();
  if (std::adjacent_find(keys_.begin(), end, std::greater_equal<>()) == end) return std::nullopt;
  by_key_.resize(keys_.size());
  std::iota(by_key_.begin(), by_key_.end(), 0);
  std::sort(by_key_.begin(), by_key_.end(), [&](uint32_t a, uint32_t b) { return std::pair(keys_[a], a) < std::pair(keys_[b], b); });
  std::optional<int64_t> repeated;
  for (size_t i = 1; i < by_key_.size(); ++i) {
    if (keys_[by_key_[i]] == keys_[by_key_[i - 1]] && (!repeated || by_key_[i] < *repeated)) repeated = by_key_[i];
  }
  return repeated;
}

std::optional<int64_t> RecordIndex::find(uint64_t key) const {
  if (key > UINT32_MAX || keys_.empty()) return std::nullopt;
  const auto wanted = static_cast<uint32_t>(key);
  if (!by_key_.empty()) {
    const auto at = std::lower_bound(by_key_.begin(), by_key_.end(), wanted, [&](uint32_t i, uint32_t k) { return keys_[i] < k; });
    if (at == by_key_.end() || keys_[*at] != wanted) return std::nullopt;
    return *at;
  }
  if (keys_.back() == wanted) return size() - 1;
  const auto at = std::lower_bound(keys_.begin(), keys_.end() - 1, wanted);
  if (at == keys_.end() - 1 || *at != wanted) return std::nullopt;
  return at - keys_.begin();
}

int64_t RecordIndex::at(uint64_t key) const {
  const auto position = find(key);
  if (!position) throw Error(fmt::format("key {} is not in \"{}\"", key, file_.string()));
  return *position;
}

namespace {

/// What helps against an index that cannot be right: records say their keys themselves.
std::string way_on(const fs::path& file) {
  return fmt::format("; without \"{}\" the index is made from the records", file.filename().string());
}

/// One of the two numbers of a line.
uint64_t field(std::string_view text, std::string_view what) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size())
    throw Error(fmt::format("expected a whole number from 0 as {}, found \"{}\"", what, shown(text)));
  return value;
}

/// Two lines of one offset, the earlier first; of several such pairs the one whose later line comes first.
std::optional<std::pair<int64_t, int64_t>> lines_of_one_record(const RecordIndex& index) {
  bool ascending = true;
  for (int64_t i = 1; i < index.size() && ascending; ++i) ascending = index.offset(i - 1) < index.offset(i);
  if (ascending) return std::nullopt;
  std::vector<std::pair<uint64_t, int64_t>> sorted;
  for (int64_t i = 0; i < index.size(); ++i) sorted.emplace_back(index.offset(i), i);
  std::sort(sorted.begin(), sorted.end());
  std::optional<std::pair<int64_t, int64_t>> found;
  for (size_t i = 1; i < sorted.size(); ++i)
    if (sorted[i].first == sorted[i - 1].first && (!found || sorted[i].second < found->second))
      found.emplace(sorted[i - 1].second, sorted[i].second);
  return found;
}

/// Throws at a line of the index, with the way on.
[[noreturn]] void fail_at(const fs::path& file, int64_t line, const std::string& what) {
  TextFile text(file);
  for (int64_t i = 0; i <= line; ++i) text.next();
  text.fail(what + way_on(file));
}

}  // namespace

RecordIndex RecordIndex::read(const fs::path& file, uint64_t record_bytes) {
  RecordIndex index(file);
  uint64_t lines = 0;
  for (TextFile text(file); text.next();) ++lines;
  index.reserve(lines);  // growth by doubling would take twice the memory
  for (TextFile text(file); text.next();) {
    try {
      const std::string_view line = text.line();
      const size_t end = line.find_first_of("\t ");
      const std::string_view rest = end == std::string_view::npos ? std::string_view() : without_blanks(line.substr(end));
      if (rest.empty() || rest.find_first_of("\t ") != std::string_view::npos)
        throw Error(fmt::format("expected a key, a tab and an offset, found \"{}\"", shown(line)));
      const uint64_t key = field(line.substr(0, end), "key"), offset = field(rest, "offset");
      if (offset % 4 != 0) throw Error(fmt::format("expected an offset that is a multiple of 4, found {}", offset));
      if (offset >= record_bytes)
        throw Error(fmt::format("expected an offset below the {} bytes of the file, found {}", record_bytes, offset));
      index.add(key, offset);
    } catch (const Error& error) {
      text.fail(error.what() + way_on(file));
    }
  }
  if (const auto repeated = index.sort()) fail_at(file, *repeated, fmt::format("key {} appears a second time", index.key(*repeated)));
  if (const auto lines_of_one = lines_of_one_record(index)) {
    const auto [first, second] = *lines_of_one;
    fail_at(file, second,
            fmt::format("keys {} and {} name one record, at byte {}", index.key(first), index.key(second), index.offset(second)));
  }
  return index;
}

RecordIndex RecordIndex::scan(const RecordFile& records) {
  RecordIndex index(records.path());
  std::vector<uint8_t> payload;
  for (uint64_t at = 0; at < records.size();) {
    const uint64_t begin = at;
    at = records.read(at, payload);
    try {
      if (payload.size() < 24)
        throw Error(fmt::format("expected a record of 24 bytes or more, whose key can be read, found {}", payload.size()));
      index.add(from_little_endian(payload.data() + 8, 8), begin);
    } catch (const Error& error) {
      throw Error(fmt::format("\"{}\": byte {}: {}", records.path().string(), begin, error.what()));
    }
  }
  if (const auto repeated = index.sort()) {
    throw Error(fmt::format("\"{}\": byte {}: key {} appears a second time", records.path().string(), index.offset(*repeated),
                            index.key(*repeated)));
  }
  return index;
}

}  // namespace lafs::formats
