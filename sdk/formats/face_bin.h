#pragma once
#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "formats/mapped_file.h"
#include "formats/pickle.h"

namespace lafs::formats {

/// A verification set `lfw.bin`: encoded pictures, two for each pair, and whether a pair shows one person (data-formats 4).
/// Pictures are views into the mapped file where it holds them as they are. Copies share it. [any thread]
class FaceBin {
 public:
  /// Throws Error naming the file for a damaged one, or one with another content.
  explicit FaceBin(const std::filesystem::path& file);
  /// Reads from memory that outlives it; errors use `name` in place of the file.
  FaceBin(std::span<const std::byte> bytes, const std::string& name);

  const std::vector<std::span<const std::byte>>& pictures() const { return pictures_; }  ///< PNG or JPEG; pair i has 2i and 2i + 1
  const std::vector<bool>& same() const { return same_; }

 private:
  void read(std::span<const std::byte> bytes, const std::string& name);

  std::optional<MappedFile> file_;
  std::shared_ptr<const Pickle> pickle_;  ///< owns pictures that had to be decoded
  std::vector<std::span<const std::byte>> pictures_;
  std::vector<bool> same_;
};

/// Writes a verification set that the loaders of InsightFace read: protocol 3, bytes and bools. Atomically. Throws Error unless there are
/// two pictures for each truth value, none of them empty or of 4 GiB, and on a full disk.
void write_face_bin(const std::filesystem::path& file, const std::vector<std::span<const std::byte>>& pictures,
                    const std::vector<bool>& same);

}  // namespace lafs::formats
