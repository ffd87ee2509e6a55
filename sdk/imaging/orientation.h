#pragma once
#include <cstdint>
#include <filesystem>
#include <span>

#include "lafs/sample.h"

namespace lafs::imaging {

/// How EXIF says that a picture is to be turned: 1 (as it is stored) to 8. 1 where nothing, or nothing valid, is said, and for TIFF, which
/// `decode_image` has turned already. Read from JPEG, WebP, and PNG where it comes before the pixels. [any thread]
int orientation_of(std::span<const uint8_t> bytes);

/// The same of a file, of which only the beginning is read where that tells. Throws Error naming it. [any thread]
int orientation_of(const std::filesystem::path& file);

/// The picture turned by one of these orientations.
Image turned(const Image& image, int orientation);

}  // namespace lafs::imaging
