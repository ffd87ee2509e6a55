#include "formats/zip_archive.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "formats/little_endian.h"
#include "lafs/error.h"

namespace lafs::formats {

namespace {

constexpr uint32_t local_mark = 0x04034b50, central_mark = 0x02014b50, end_mark = 0x06054b50, end64_mark = 0x06064b50,
                   locator_mark = 0x07064b50;
constexpr uint64_t local_size = 30, central_size = 46, end_size = 22, end64_size = 56, locator_size = 20, longest_comment = 65535;

/// Tables for eight bytes at a time.
constexpr auto crc_tables = [] {
  std::array<std::array<uint32_t, 256>, 8> tables{};
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) value = value >> 1 ^ (value & 1 ? 0xedb88320u : 0);
    tables[0][i] = value;
  }
  for (size_t t = 1; t < 8; ++t) {
    for (size_t i = 0; i < 256; ++i) tables[t][i] = tables[t - 1][i] >> 8 ^ tables[0][tables[t - 1][i] & 255];
  }
  return tables;
}();

/// The directory at the end of an archive. Every read checks that its place is inside the file.
class Directory {
 public:
  Directory(std::span<const std::byte> bytes, std::string name) : bytes_(bytes), name_(std::move(name)) { find_end(); }

  [[noreturn]] void fail(const std::string& reason) const { throw Error(fmt::format("cannot read \"{}\": {}", name_, reason)); }

  std::vector<ZipEntry> entries() const {
    std::vector<ZipEntry> all;
    uint64_t at = start_;
    for (uint64_t i = 0; i < count_; ++i) all.push_back(entry(at));
    return all;
  }

  std::vector<ZipName> names() const {
    std::vector<ZipName> all;
    uint64_t at = start_;
    for (uint64_t i = 0; i < count_; ++i) {
      const Head head = this->head(at);
      all.push_back({head.name, head.method == 0 && (head.flags & 1) == 0});
      at += head.bytes;
    }
    return all;
  }

 private:
  struct Place {
    uint64_t compressed, size, local;
  };
  struct Head {
    std::string name;
    uint64_t flags, method, extra, extra_size, bytes;  ///< `extra` is where the extra fields begin, `bytes` the size of it all
  };

  uint64_t number(uint64_t at, size_t bytes) const {
    if (at > bytes_.size() || bytes_.size() - at < bytes) fail("the zip directory ends too early");
    return from_little_endian(bytes_.data() + at, bytes);
  }

  void find_end() {
    const uint64_t size = bytes_.size();
    for (uint64_t back = end_size; back <= std::min(size, end_size + longest_comment); ++back) {
      const uint64_t at = size - back;
      if (number(at, 4) != end_mark || number(at + 20, 2) != back - end_size) continue;
      count_ = number(at + 10, 2);
      start_ = number(at + 16, 4);
      if (at >= locator_size && number(at - locator_size, 4) == locator_mark) find_end64(number(at - locator_size + 8, 8));
      if (start_ > at) fail("the zip directory is outside the file");
      return;
    }
    fail("the zip archive has no directory at its end; the file is cut off");
  }

  void find_end64(uint64_t at) {
    if (number(at, 4) != end64_mark) fail("the zip directory is outside the file");
    number(at + end64_size - 8, 8);
    count_ = number(at + 32, 8);
    start_ = number(at + 48, 8);
  }

  /// Sizes and place of an entry. Those that need more than 32 bits are in an extra field, in this order.
  Place place(uint64_t at, uint64_t extra, uint64_t extra_size) const {
    Place found{number(at + 20, 4), number(at + 24, 4), number(at + 42, 4)};
    for (uint64_t end = extra + extra_size; extra + 4 <= end;) {
      const uint64_t id = number(extra, 2), size = number(extra + 2, 2);
      if (id == 1) {
        uint64_t field = extra + 4;
        for (uint64_t* value : {&found.size, &found.compressed, &found.local}) {
          if (*value != 0xffffffff) continue;
          if (field + 8 > extra + 4 + size) fail("a zip64 field ends too early");
          *value = number(field, 8);
          field += 8;
        }
      }
      extra += 4 + size;
    }
    return found;
  }

  Head head(uint64_t at) const {
    if (number(at, 4) != central_mark) fail("the zip directory is damaged");
    const uint64_t name_size = number(at + 28, 2), extra_size = number(at + 30, 2), comment_size = number(at + 32, 2);
    const uint64_t bytes = central_size + name_size + extra_size + comment_size;
    number(at + bytes - 1, 1);
    return {std::string(reinterpret_cast<const char*>(bytes_.data()) + at + central_size, name_size),
            number(at + 8, 2),
            number(at + 10, 2),
            at + central_size + name_size,
            extra_size,
            bytes};
  }

  ZipEntry entry(uint64_t& at) const {
    const Head head = this->head(at);
    ZipEntry entry;
    entry.name = head.name;
    entry.crc = static_cast<uint32_t>(number(at + 16, 4));
    if (head.flags & 1) fail(fmt::format("entry \"{}\" of the zip archive is encrypted", entry.name));
    const Place found = place(at, head.extra, head.extra_size);
    if (head.method != 0 || found.compressed != found.size) fail(fmt::format("entry \"{}\" of the zip archive is compressed", entry.name));
    entry.data = data(entry.name, found);
    at += head.bytes;
    return entry;
  }

  std::span<const std::byte> data(const std::string& entry, const Place& found) const {
    const auto outside = [&] { fail(fmt::format("entry \"{}\" of the zip archive is outside the file", entry)); };
    if (found.local > start_ || start_ - found.local < local_size) outside();
    if (number(found.local, 4) != local_mark) fail(fmt::format("entry \"{}\" of the zip archive has no header", entry));
    const uint64_t begin = found.local + local_size + number(found.local + 26, 2) + number(found.local + 28, 2);
    if (begin > start_ || found.size > start_ - begin) outside();
    return bytes_.subspan(begin, found.size);
  }

  std::span<const std::byte> bytes_;
  std::string name_;
  uint64_t count_ = 0, start_ = 0;
};

}  // namespace

uint32_t crc32(std::span<const std::byte> bytes, uint32_t crc) {
  const auto* p = reinterpret_cast<const uint8_t*>(bytes.data());
  size_t left = bytes.size();
  crc = ~crc;
  for (; left >= 8; left -= 8, p += 8) {
    crc ^= static_cast<uint32_t>(p[0] | p[1] << 8 | p[2] << 16) | static_cast<uint32_t>(p[3]) << 24;
    const auto& t = crc_tables;
    crc = t[7][crc & 255] ^ t[6][crc >> 8 & 255] ^ t[5][crc >> 16 & 255] ^ t[4][crc >> 24] ^ t[3][p[4]] ^ t[2][p[5]] ^ t[1][p[6]] ^
          t[0][p[7]];
  }
  for (; left > 0; --left, ++p) crc = crc >> 8 ^ crc_tables[0][(crc ^ *p) & 255];
  return ~crc;
}

bool looks_like_zip(std::span<const std::byte> bytes) {
  return bytes.size() >= 4 && bytes[0] == std::byte{'P'} && bytes[1] == std::byte{'K'} &&
         ((bytes[2] == std::byte{3} && bytes[3] == std::byte{4}) || (bytes[2] == std::byte{5} && bytes[3] == std::byte{6}));
}

std::vector<ZipName> zip_names(std::span<const std::byte> bytes) {
  try {
    return Directory(bytes, "").names();
  } catch (const Error&) {
    return {};
  }
}

ZipArchive::ZipArchive(std::span<const std::byte> bytes, std::string name) : name_(std::move(name)) {
  const Directory directory(bytes, name_);
  entries_ = directory.entries();
  std::vector<const ZipEntry*> order;
  for (size_t i = 0; i < entries_.size(); ++i) {
    if (!names_.emplace(entries_[i].name, i).second)
      directory.fail(fmt::format("the zip archive has two entries \"{}\"", entries_[i].name));
    if (!entries_[i].data.empty()) order.push_back(&entries_[i]);
  }
  std::sort(order.begin(), order.end(), [](const ZipEntry* a, const ZipEntry* b) { return a->data.data() < b->data.data(); });
  for (size_t i = 1; i < order.size(); ++i) {
    if (order[i - 1]->data.data() + order[i - 1]->data.size() > order[i]->data.data())
      directory.fail(fmt::format("entries \"{}\" and \"{}\" of the zip archive overlap", order[i - 1]->name, order[i]->name));
  }
}

const ZipEntry* ZipArchive::find(std::string_view name) const {
  const auto found = names_.find(name);
  return found == names_.end() ? nullptr : &entries_[found->second];
}

void ZipArchive::check(const ZipEntry& entry) const {
  if (crc32(entry.data) != entry.crc)
    throw Error(fmt::format("cannot read \"{}\": entry \"{}\" of the zip archive is damaged, its checksum differs", name_, entry.name));
}

}  // namespace lafs::formats
