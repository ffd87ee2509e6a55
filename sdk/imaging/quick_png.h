#pragma once
#include <cstdint>
#include <vector>

#include "lafs/sample.h"

namespace lafs::imaging {

/// A PNG file that holds exactly the picture's numbers, as `encode_png` writes it: a fifth larger, in about a tenth of the time. For work
/// on very many small pictures. Throws Error. [any thread]
std::vector<uint8_t> encode_png_quickly(const Image& image);

}  // namespace lafs::imaging
