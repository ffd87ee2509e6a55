#pragma once
#include <cstdint>
#include <vector>

#include "lafs/sample.h"

namespace lafs::imaging {

/// A JPEG file of the picture, quality in [1, 100]. `full_chroma`: colour at full resolution (4:4:4), else 4:2:0. The same bytes at
/// every call. Throws Error. [any thread]
std::vector<uint8_t> encode_jpeg(const Image& image, int quality = 95, bool full_chroma = false);

/// A PNG file that holds exactly the picture's numbers. Throws Error. [any thread]
std::vector<uint8_t> encode_png(const Image& image);

}  // namespace lafs::imaging
