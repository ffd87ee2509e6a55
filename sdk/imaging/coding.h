#pragma once
#include <cstdint>
#include <span>

namespace lafs::imaging {

/// How a picture is encoded.
enum class Coding { jpeg, png, webp, bmp, tiff, pnm };

/// Decided by the first bytes of a file. Throws Error for anything that `decode_image` does not read, with what it is where that is known:
/// "is a GIF picture, which is not read; convert it to PNG or JPEG". [any thread]
Coding coding_of(std::span<const uint8_t> bytes);

}  // namespace lafs::imaging
