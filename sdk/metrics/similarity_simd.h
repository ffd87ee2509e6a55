#pragma once
#include <cstdint>
#include <memory>
#include <span>

namespace lafs::metrics {

/// Rows of f32 as `similarity_rows` reads them: 16 rows side by side, column after column.
struct PackedRows {
  std::shared_ptr<float> values;  ///< from the start of a cache line on
  int64_t rows = 0, width = 0;
  int64_t padded() const { return (rows + 15) / 16 * 16; }  ///< columns that `similarity_rows` writes
};
PackedRows packed_rows(std::span<const float> values, int64_t width);

/// Dot products in f32 of `count` rows at `a`, `packed.width` apart, with all packed rows: out[i * packed.padded() + j].
/// The error of one is below `similarity_error(width)` for rows of length one. [any thread]
void similarity_rows(const float* a, int64_t count, const PackedRows& packed, float* out);

/// How far a dot product of unit rows of f64, rounded to f32 and summed as above, may be from the exact one.
double similarity_error(int64_t width);

float largest_of(const float* values, int64_t n);                         ///< minus infinity for none
int64_t count_at_least(const float* values, int64_t n, float threshold);  ///< values >= threshold

}  // namespace lafs::metrics
