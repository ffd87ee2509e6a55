#pragma once
#include <cstdint>
#include <cstring>

namespace lafs::imaging {

/// Orientations are those of EXIF and TIFF: 1 as it lies, 2 mirrored, 3 upside down, 4 both, 5 to 8 on one side.
inline bool sides_swap(int orientation) { return orientation >= 5; }

/// Turns RGB pixels of `height` rows to how they are to be seen: `width` rows where the sides swap. `to` holds as many bytes.
inline void turn(const uint8_t* from, int64_t height, int64_t width, int orientation, uint8_t* to) {
  const bool swap = sides_swap(orientation), rows_back = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
  const bool columns_back = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
  for (int64_t y = 0; y < (swap ? width : height); ++y) {
    for (int64_t x = 0; x < (swap ? height : width); ++x, to += 3) {
      const int64_t row = swap ? x : y, column = swap ? y : x;
      const int64_t at = (rows_back ? height - 1 - row : row) * width + (columns_back ? width - 1 - column : column);
      std::memcpy(to, from + at * 3, 3);
    }
  }
}

}  // namespace lafs::imaging
