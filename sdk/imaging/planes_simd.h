#pragma once
#include <cstdint>

namespace lafs::imaging::planes {

// What Canvas does to planes of bytes, in the widest vectors of the machine; the results are the same bytes on every machine.
// Planes have rows of a multiple of 16 bytes. Elementwise kernels work on whole planes, padding included. [any thread]

void split(const uint8_t* rgb, int64_t pixels, uint8_t* r, uint8_t* g, uint8_t* b);  ///< interleaved to planes
void join(const uint8_t* r, const uint8_t* g, const uint8_t* b, int64_t pixels, uint8_t* rgb);

/// out[x][y] = in[y][x]; rows, columns and both strides are multiples of 16.
void transpose(const uint8_t* in, int64_t in_stride, int64_t rows, int64_t columns, uint8_t* out, int64_t out_stride);

/// One output row from `count` input rows that follow each other: (2^21 + sum of weight * byte) >> 22, saturated.
void weigh_rows(const uint8_t* in, int64_t stride, int64_t bytes, const int32_t* weights, int64_t count, uint8_t* out);

/// One pass of a box over all rows: (inner * sum of the rows y - radius .. y + radius + edge * (the two rows beyond) + 2^23) >> 24, rows
/// outside replaced by the nearest.
void box_rows(const uint8_t* in, int64_t stride, int64_t rows, int64_t radius, uint32_t inner, uint32_t edge, uint8_t* out);

/// One row of a bilinear resize: values of bytes of the upper row at the left and right column of each output, and of the lower row.
struct Corners {
  const float *upper_left, *upper_right, *lower_left, *lower_right;
};
/// `left` and `right` are the columns' weights, one for each byte of the output. Weights are products of a row's and a column's; the four
/// terms are added with fused multiply-adds, ties go to even. `size`, of all buffers, is a multiple of 16. (torch's own kernel for bytes)
void bilinear_row(const Corners& corners, float upper, float lower, const float* left, const float* right, int64_t size, uint8_t* out);

/// Where groups of five pixels of an enlarged or equally wide row come from: group g reads 16 bytes at from[g], takes those that its 16
/// places name and writes their values at to[g]; the last is for the next group to overwrite.
struct ColumnGroups {
  const int32_t *from, *to;
  const uint8_t* places;  ///< 16 for each group, in [0, 15]
  int64_t count;
};
void gather_columns(const uint8_t* row, const ColumnGroups& groups, float* out);

/// Interleaved bytes to three planes of (v/255 - mean) / deviation, each operation rounded to float32; what it yields, and
/// 1/deviation, is 0 or a normal number.
struct Scale {
  float mean, deviation;
};
void scale(const uint8_t* rgb, int64_t pixels, const Scale (&scales)[3], float* const (&planes)[3]);

void blend_constant(uint8_t* bytes, int64_t size, float factor, float with);      ///< with + factor * (v - with), truncated
void blend_luma(uint8_t* r, uint8_t* g, uint8_t* b, int64_t size, float factor);  ///< the same with the pixel's luma
void luma(const uint8_t* r, const uint8_t* g, const uint8_t* b, int64_t size, uint8_t* out);
int64_t luma_sum(const uint8_t* r, const uint8_t* g, const uint8_t* b, int64_t size);  ///< size <= 2^23
void turn_hue(uint8_t* r, uint8_t* g, uint8_t* b, int64_t size, int32_t shift);        ///< hue byte plus shift, modulo 256
void solarise(uint8_t* bytes, int64_t size, int64_t threshold);                        ///< v >= threshold becomes 255 - v

/// with + factor * (v - with), truncated, where each byte has its own `with`.
void blend_bytes(uint8_t* bytes, const uint8_t* with, int64_t size, float factor);
/// The row in the middle smoothed: (5 * centre + the eight around it) / 13, to the nearest. The first and the last pixel stay.
void smooth_row(const uint8_t* above, const uint8_t* row, const uint8_t* below, int64_t width, uint8_t* out);

}  // namespace lafs::imaging::planes
