#pragma once
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace lafs::formats {

/// An array of a `.npy` file of NumPy: versions 1.0, 2.0 and 3.0, numbers of either byte order, rows or columns first (data-formats 8).
/// Copies share its bytes. Const members: [any thread]
///
///     const NpyArray features = read_npy("features.npy");
///     if (features.dtype != "F32" || features.shape.size() != 2) ...
class NpyArray {
 public:
  std::string dtype;           ///< as safetensors writes it: "F32", "I64", "BOOL"
  std::vector<int64_t> shape;  ///< empty: a scalar
  /// Row-major, little-endian, one after the other; not aligned. A view of the mapped file where it holds them so.
  std::span<const std::byte> bytes;
  std::shared_ptr<const void> owner;  ///< of the bytes

  int64_t elements() const;
  /// The elements as f64: 64-bit integers beyond 2^53 lose their last digits.
  std::vector<double> numbers() const;
};

/// Throws Error naming the file for a damaged one, one with bytes left over, and for elements that are not numbers: objects, which would
/// have to be unpickled, records, texts, complex numbers and dates.
NpyArray read_npy(const std::filesystem::path& file);
/// Reads from memory that outlives the array; errors use `name` in place of the file.
NpyArray read_npy(std::span<const std::byte> bytes, const std::string& name);

}  // namespace lafs::formats
