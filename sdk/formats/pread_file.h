#pragma once
#include <cstdint>
#include <filesystem>
#include <span>

namespace lafs::formats {

/// A file read at given places, without a position of its own. [any thread]
class PreadFile {
 public:
  /// Throws Error naming the file when it cannot be opened or is not a regular file.
  explicit PreadFile(std::filesystem::path file);
  ~PreadFile();
  PreadFile(PreadFile&& other) noexcept;
  PreadFile& operator=(PreadFile&&) = delete;

  const std::filesystem::path& path() const { return path_; }
  uint64_t size() const { return size_; }  ///< bytes, when it was opened
  /// Fills `bytes` from `offset` on. Throws Error when the file ends before.
  void read(uint64_t offset, std::span<uint8_t> bytes) const;

 private:
  std::filesystem::path path_;
  int descriptor_ = -1;
  uint64_t size_ = 0;
};

}  // namespace lafs::formats
