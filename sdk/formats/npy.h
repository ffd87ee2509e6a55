#pragma once
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lafs::formats {

/// The header of a `.npy` file: version 1.0, row-major, little-endian; its length is a multiple of 64 (data-formats 8). `dtype` as in
/// safetensors.h; throws Error for one that NumPy does not have ("BF16").
std::string npy_header(std::string_view dtype, const std::vector<int64_t>& shape);

/// Writes a whole file, atomically. `data` holds the elements of `shape`, row-major.
/// Throws Error for a type that NumPy does not have, a size that does not fit, or a full disk.
void write_npy(const std::filesystem::path& file, std::string_view dtype, const std::vector<int64_t>& shape,
               std::span<const std::byte> data);

}  // namespace lafs::formats
