#pragma once
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>

namespace lafs::formats {

/// A regular file mapped into memory for reading. Copies share the mapping, which lives as long as the last of them. [any thread]
class MappedFile {
 public:
  /// Throws Error `cannot read "FILE": REASON`.
  explicit MappedFile(const std::filesystem::path& file);

  std::span<const std::byte> bytes() const { return {map_.get(), size_}; }

 private:
  uint64_t size_ = 0;
  std::shared_ptr<const std::byte> map_;
};

}  // namespace lafs::formats
