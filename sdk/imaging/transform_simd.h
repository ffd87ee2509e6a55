#pragma once
#include <array>
#include <cstdint>

namespace lafs::imaging::planes {

/// Where the pixels of row `row` of an output of `width` columns are taken from: pixel i at (back[0] (i + 0.5) + back[1] (row + 0.5) +
/// back[2], ...), each product and sum rounded to double precision. [any thread]
void transform_places(const std::array<double, 6>& back, int64_t row, int64_t width, double* x, double* y);

/// `count` coordinates less a half as a whole number, rounded down, and the rest, which takes the coordinate's place. [any thread]
void split_places(double* at, int64_t count, int32_t* whole);

/// Pixels that follow each other and are taken from places that follow each other: in the order of the output, one column further each.
struct TransformRun {
  const uint8_t* first;   ///< the neighbour up and left of the first place: one pixel for bilinear, two for bicubic
  int64_t stride;         ///< of the source's rows
  const double *dx, *dy;  ///< a rest for each pixel; null where it is 0 for all
  int64_t count;
};
/// Up to 7 bytes beyond the run are written too, and up to 7 beyond the neighbours are read. Each operation is rounded to double precision;
/// the result is clamped and truncated, the same on every machine. [any thread]
void bilinear_run(const TransformRun& run, uint8_t* out);
void bicubic_run(const TransformRun& run, uint8_t* out);

}  // namespace lafs::imaging::planes
