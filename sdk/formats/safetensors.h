#pragma once
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lafs::formats {

/// One tensor of a file: row-major, little-endian, no strides.
struct TensorInfo {
  std::string name, dtype;      ///< "F32", "F16", "BF16", "F64", "I64", "I32", "I16", "I8", "U8", "BOOL" and the rarer ones of the format
  std::vector<int64_t> shape;   ///< empty: a scalar
  uint64_t begin = 0, end = 0;  ///< bytes, counted from the end of the header
};

/// A safetensors file, mapped into memory and checked whole before anything is handed out (data-formats 7).
/// Copies share the mapping. Const members: [any thread]
class SafetensorsReader {
 public:
  /// Throws Error naming the file if anything in it is malformed.
  explicit SafetensorsReader(const std::filesystem::path& file);

  const std::vector<TensorInfo>& tensors() const { return tensors_; }  ///< in file (offset) order
  const std::map<std::string, std::string>& metadata() const { return metadata_; }
  const TensorInfo* find(std::string_view name) const;  ///< null if absent
  /// Not aligned: copy before reading numbers. Valid while a reader of the file lives. Throws Error for types of 4 or 6 bits and the like.
  std::span<const std::byte> bytes(const TensorInfo& tensor) const;
  /// Compares each tensor with its recorded hash (metadata "xxh3:NAME": XXH3-128 of its bytes, hex). Throws Error naming file and tensor.
  /// A file without any such hash is another program's, and passes.
  void verify() const;

 private:
  std::filesystem::path file_;
  uint64_t size_ = 0, data_ = 0;          ///< of the file; where tensor bytes start
  std::shared_ptr<const std::byte> map_;  ///< shares the ownership of the mapping
  std::vector<TensorInfo> tensors_;
  std::map<std::string, size_t, std::less<>> names_;
  std::map<std::string, std::string> metadata_;
};

/// What to write. `data` holds the elements of `shape`, row-major.
struct TensorBytes {
  std::string name, dtype;
  std::vector<int64_t> shape;
  std::span<const std::byte> data;
};

/// Writes atomically, in the order given, with a hash for each tensor in the metadata. The tensor bytes start at a multiple of 8.
/// Throws Error for a name used twice, an unknown type, a size that does not fit, or a full disk.
void write_safetensors(const std::filesystem::path& file, const std::vector<TensorBytes>& tensors,
                       std::map<std::string, std::string> metadata = {});

}  // namespace lafs::formats
