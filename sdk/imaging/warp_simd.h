#pragma once
#include <cstdint>

namespace lafs::imaging::planes {

/// A row of an affine warp: pixel i of the output is taken from column (first_x + along_x[i]) >> 5 and row (first_y + along_y[i]) >> 5 of
/// the source, both in 32nds of a pixel.
struct WarpRow {
  int32_t first_x, first_y;
  const int32_t *along_x, *along_y;
};

/// Where each of `count` pixels is taken from, in 32nds of a pixel. [any thread]
void warp_places(const WarpRow& row, int64_t count, int32_t* x, int32_t* y);

/// `count` pixels, of rows of `stride` bytes, whose four neighbours all lie in the source: pixel i is at row y[i] >> 5 and column x[i] >>
/// 5, and lies fx = x[i] & 31 and fy = y[i] & 31 32nds further. Writes count * 3 bytes to `out`: (sum of weight * byte + 512) >> 10 with
/// the weights (32 - fx)(32 - fy), fx(32 - fy), (32 - fx)fy, fx fy. The same bytes on every machine. [any thread]
void warp_row(const uint8_t* rgb, int64_t stride, const int32_t* x, const int32_t* y, int64_t count, uint8_t* out);

}  // namespace lafs::imaging::planes
