#pragma once
#include <cstddef>
#include <filesystem>
#include <span>
#include <string_view>

namespace lafs::formats {

/// A file that appears whole or not at all: bytes go to a temporary file beside it, which `commit` renames. For a link the target is
/// replaced that way; a device or a pipe gets the bytes at once.
/// Every member throws Error naming the final file and the system's reason. [one thread at a time]
class AtomicFile {
 public:
  explicit AtomicFile(std::filesystem::path file);
  ~AtomicFile();  ///< removes what was not committed
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void write(std::span<const std::byte> bytes);
  void write(std::string_view bytes) { write(std::as_bytes(std::span(bytes))); }
  /// Brings bytes and name to the disk; the last call.
  void commit();

 private:
  [[noreturn]] void fail(int error) const;

  std::filesystem::path file_, beside_;
  int descriptor_ = -1;
};

/// The whole content of a file at once.
void write_atomically(const std::filesystem::path& file, std::string_view bytes);

}  // namespace lafs::formats
