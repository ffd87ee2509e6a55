#include "formats/recordio.h"

#include <algorithm>
#include <array>
#include <cstring>

#include <fmt/format.h>

#include "formats/little_endian.h"
#include "lafs/error.h"

namespace lafs::formats {

namespace {

constexpr uint32_t magic = 0xCED7230A;
constexpr std::array<uint8_t, 4> magic_bytes{0x0A, 0x23, 0xD7, 0xCE};
constexpr uint64_t head_bytes = 8, max_record = uint64_t{1} << 29;
enum : uint32_t { whole = 0, first = 1, middle = 2, last = 3 };

uint32_t number(const uint8_t* bytes) { return static_cast<uint32_t>(from_little_endian(bytes, 4)); }

uint64_t padded(uint64_t length) { return (length + 3) / 4 * 4; }

}  // namespace

RecordFile::RecordFile(const std::filesystem::path& file) : file_(file) {}

void RecordFile::fail(uint64_t offset, const std::string& what) const {
  throw Error(fmt::format("\"{}\": byte {}: {}", path().string(), offset, what));
}

bool RecordFile::begins_with_record() const {
  std::array<uint8_t, magic_bytes.size()> start{};
  if (size() < start.size()) return false;
  file_.read(0, start);
  return start == magic_bytes;
}

void RecordFile::check_start(uint64_t offset) const {
  if (offset >= size()) fail(offset, fmt::format("expected a record, found the end of the file at {}", size()));
  if (size() - offset < head_bytes)
    fail(offset, fmt::format("truncated record header: expected {} bytes, found {}", head_bytes, size() - offset));
}

RecordFile::Part RecordFile::part(uint64_t offset, std::span<const uint8_t> bytes) const {
  if (number(bytes.data()) != magic)
    fail(offset, fmt::format("expected the magic number {:#010x} of a record, found {:#010x}", magic, number(bytes.data())));
  const uint32_t word = number(bytes.data() + 4);
  const Part part{word >> 29, word & (max_record - 1)};
  if (part.kind > last) fail(offset, fmt::format("expected a part of kind 0 to 3, found kind {}", part.kind));
  if (const uint64_t left = size() - offset - head_bytes; part.length > left)
    fail(offset, fmt::format("truncated record: expected {} bytes, found {}", part.length, left));
  return part;
}

RecordFile::Part RecordFile::start(uint64_t offset, std::span<const uint8_t> bytes) const {
  const Part found = part(offset, bytes);
  if (found.kind == middle || found.kind == last)
    fail(offset, fmt::format("expected the start of a record, found a part of kind {} without its first part", found.kind));
  return found;
}

RecordFile::Part RecordFile::fetch(uint64_t offset, std::vector<uint8_t>& bytes, uint64_t expected) const {
  check_start(offset);
  // One call to the system and a shift in memory are cheaper than a call that scatters.
  bytes.resize(std::min(std::clamp(expected, head_bytes, max_record), size() - offset));
  file_.read(offset, bytes);
  const Part found = start(offset, bytes);
  if (found.kind != whole) return found;
  const uint64_t there = bytes.size();
  bytes.resize(head_bytes + found.length);
  if (bytes.size() > there) file_.read(offset + there, std::span(bytes).subspan(there));
  return found;
}

uint64_t RecordFile::read(uint64_t offset, std::vector<uint8_t>& payload, uint64_t expected) const {
  const Part found = fetch(offset, payload, expected);
  if (found.kind != whole) return join(offset, payload);
  payload.erase(payload.begin(), payload.begin() + head_bytes);
  return std::min(offset + head_bytes + padded(found.length), size());
}

bool RecordFile::read_apart(uint64_t offset, std::span<uint8_t> first_bytes, std::vector<uint8_t>& rest, uint64_t expected) const {
  const Part found = fetch(offset, rest, expected);
  if (found.kind != whole || found.length < first_bytes.size()) return false;
  const auto begin = rest.begin() + head_bytes, end = begin + static_cast<std::ptrdiff_t>(first_bytes.size());
  std::copy(begin, end, first_bytes.begin());
  rest.erase(rest.begin(), end);
  return true;
}

uint64_t RecordFile::join(uint64_t offset, std::vector<uint8_t>& payload) const {
  payload.clear();
  for (uint64_t at = offset;;) {
    if (at >= size()) fail(offset, "the file ends inside this split record");
    check_start(at);
    std::array<uint8_t, head_bytes> head{};
    file_.read(at, head);
    const Part found = part(at, head);
    if (at != offset && found.kind != middle && found.kind != last)
      fail(at, fmt::format("expected a part of kind 2 or 3 of the record at byte {}, found kind {}", offset, found.kind));
    if (at != offset) payload.insert(payload.end(), magic_bytes.begin(), magic_bytes.end());
    const size_t before = payload.size();
    if (before + found.length >= max_record) fail(offset, fmt::format("expected a split record below {} bytes, found more", max_record));
    payload.resize(before + found.length);
    file_.read(at + head_bytes, std::span(payload).subspan(before));
    at = std::min(at + head_bytes + padded(found.length), size());
    if (found.kind == last) return at;
  }
}

RecordFile::Head RecordFile::head(uint64_t offset, uint64_t count, Window& window) const {
  check_start(offset);
  const uint64_t needed = std::min(head_bytes + count, size() - offset);
  if (offset < window.begin || offset + needed > window.begin + window.bytes.size()) {
    window.bytes.resize(std::min(std::max(window.wanted, needed), size() - offset));
    window.begin = offset;
    file_.read(offset, window.bytes);
  }
  const auto bytes = std::span<const uint8_t>(window.bytes).subspan(offset - window.begin, needed);
  const Part found = start(offset, bytes);
  if (found.kind != first) return {bytes.subspan(head_bytes, std::min(needed - head_bytes, found.length)), found.length};
  join(offset, window.joined);
  return {std::span<const uint8_t>(window.joined).first(std::min<uint64_t>(count, window.joined.size())), window.joined.size()};
}

RecordWriter::RecordWriter(const std::filesystem::path& file) : file_(file), records_(file), index_(index_of(file)) {}

void RecordWriter::part(uint32_t kind, std::span<const uint8_t> bytes) {
  append_little_endian(waiting_, magic, 4);
  append_little_endian(waiting_, kind << 29 | static_cast<uint32_t>(bytes.size()), 4);
  waiting_.insert(waiting_.end(), bytes.begin(), bytes.end());
  waiting_.resize(padded(waiting_.size()), 0);
}

void RecordWriter::write(uint64_t key, std::span<const uint8_t> payload) {
  if (payload.size() >= max_record)
    throw Error(fmt::format("record {} of \"{}\" has {} bytes; below {} are allowed", key, file_.string(), payload.size(), max_record));
  lines_ += fmt::format("{}\t{}\n", key, offset_);
  const size_t before = waiting_.size();
  size_t begin = 0;
  for (size_t at = 0; at + 4 <= payload.size(); at += 4) {
    if (!std::equal(magic_bytes.begin(), magic_bytes.end(), payload.begin() + static_cast<std::ptrdiff_t>(at))) continue;
    part(waiting_.size() == before ? first : middle, payload.subspan(begin, at - begin));
    begin = at + 4;
  }
  part(waiting_.size() == before ? whole : last, payload.subspan(begin));
  offset_ += waiting_.size() - before;
  flush(size_t{1} << 20);
}

void RecordWriter::flush(size_t at_least) {
  if (waiting_.size() >= at_least) {
    records_.write(std::as_bytes(std::span(waiting_)));
    waiting_.clear();
  }
  if (lines_.size() >= at_least) {
    index_.write(lines_);
    lines_.clear();
  }
}

void RecordWriter::finish() {
  flush(0);
  records_.commit();
  index_.commit();
}

}  // namespace lafs::formats
