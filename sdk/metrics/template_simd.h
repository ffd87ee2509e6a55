#pragma once
#include <cstdint>

namespace lafs::metrics {

/// Loops of template pooling and scoring for the vector unit that runs (Highway). Sums are formed in an order that depends on the unit, and
/// on nothing else. Rows need no alignment. [any thread]

/// sum[k] += scale * (a[k] + b[k]) in f64, for n columns; `b` null: without it.
void add_scaled_row(double* sum, const float* a, const float* b, double scale, int64_t n);
/// Sum of (a[k] + b[k])^2 in f64.
double squared_norm(const float* a, const float* b, int64_t n);
/// sum[k] += values[k] / divisor.
void add_divided(double* sum, const double* values, double divisor, int64_t n);

/// Dot products of row `b` with `count` rows at `a`: out[i] = sum of a[i][k] * b[k].
void dot_rows(const double* const* a, int64_t count, const double* b, int64_t n, double* out);

}  // namespace lafs::metrics
