#pragma once
#include <cstdint>
#include <filesystem>
#include <span>
#include <utility>
#include <vector>

#include "lafs/sample.h"

namespace lafs::imaging {

/// The picture in an encoded file, recognised by its first bytes: JPEG (accurate DCT), PNG (alpha dropped, 16 bits become 8),
/// PGM or PPM (P5, P6, maxval 255). Grey becomes RGB. Throws Error for anything else, and for a damaged or truncated file. [any thread]
Image decode_image(std::span<const uint8_t> bytes);

/// Rows and columns, as the file's header says. Throws Error as `decode_image` does. [any thread]
std::pair<int64_t, int64_t> image_size(std::span<const uint8_t> bytes);

/// The picture in a file, which every Error names. [any thread]
Image read_image(const std::filesystem::path& file);

/// All bytes of a file. Throws Error naming it. [any thread]
std::vector<uint8_t> read_bytes(const std::filesystem::path& file);

/// Whether the name ends as pictures do: .jpg .jpeg .png .pgm .ppm in any case.
bool is_image_name(const std::filesystem::path& file);

/// A picture that owns these height * width * 3 bytes.
Image image_of(int64_t height, int64_t width, std::vector<uint8_t> bytes);

}  // namespace lafs::imaging
