#pragma once
#include <cstddef>
#include <cstdint>

namespace lafs::imaging {

/// Pixels of four inks, 255 the most, as RGB without colour management: Pillow's sums. `inverted`: 255 is no ink, as Adobe writes JPEGs.
inline void cmyk_to_rgb(const uint8_t* cmyk, size_t pixels, bool inverted, uint8_t* rgb) {
  const uint8_t flip = inverted ? 255 : 0;
  for (size_t i = 0; i < pixels; ++i, cmyk += 4, rgb += 3) {
    const int light = 255 - (cmyk[3] ^ flip);
    for (int c = 0; c < 3; ++c) {
      const int product = (cmyk[c] ^ flip) * light + 128, taken = ((product >> 8) + product) >> 8;
      rgb[c] = static_cast<uint8_t>(light > taken ? light - taken : 0);
    }
  }
}

}  // namespace lafs::imaging
