#pragma once
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lafs::formats {

/// One stored file of an archive.
struct ZipEntry {
  std::string name;
  uint32_t crc = 0;
  std::span<const std::byte> data;
};

/// A zip archive of stored (uncompressed) entries, as PyTorch writes it: read by its central directory, ZIP64 included
/// (data-formats 6.1). `bytes` must outlive it. [any thread]
class ZipArchive {
 public:
  /// Throws Error `cannot read "NAME": ...` for a missing directory, compressed, encrypted, overlapping or repeated entries.
  ZipArchive(std::span<const std::byte> bytes, std::string name);

  const std::vector<ZipEntry>& entries() const { return entries_; }
  const ZipEntry* find(std::string_view name) const;  ///< null if absent
  /// Compares an entry with its recorded CRC-32. Throws Error naming it.
  void check(const ZipEntry& entry) const;

 private:
  std::string name_;
  std::vector<ZipEntry> entries_;
  std::map<std::string, size_t, std::less<>> names_;
};

/// The name of an entry, and whether it is stored as it is: neither compressed nor encrypted.
struct ZipName {
  std::string name;
  bool stored = true;
};

/// Names in a zip archive of any kind, in the order of its directory; none where the directory cannot be read. Throws nothing.
std::vector<ZipName> zip_names(std::span<const std::byte> bytes);

/// CRC-32 of zip and PNG; `crc` continues an earlier sum.
uint32_t crc32(std::span<const std::byte> bytes, uint32_t crc = 0);

/// Whether a file starts as a zip archive does.
bool looks_like_zip(std::span<const std::byte> bytes);

}  // namespace lafs::formats
