#include "metrics/template_simd.h"

// The order matters: foreach_target compiles this file once for each vector unit.
// clang-format off
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "metrics/template_simd.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>
// clang-format on

HWY_BEFORE_NAMESPACE();
namespace lafs::metrics {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;
using D = hn::ScalableTag<double>;
using F = hn::Rebind<float, D>;
using Vec = hn::Vec<D>;

HWY_INLINE Vec wide(const float* at) { return hn::PromoteTo(D(), hn::LoadU(F(), at)); }
HWY_INLINE Vec wide_sum(const float* a, const float* b) { return b ? hn::Add(wide(a), wide(b)) : wide(a); }
HWY_INLINE double one(const float* a, const float* b, int64_t k) { return static_cast<double>(a[k]) + (b ? static_cast<double>(b[k]) : 0); }

void add_scaled_row_here(double* sum, const float* a, const float* b, double scale, int64_t n) {
  const D d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  const Vec s = hn::Set(d, scale);
  int64_t k = 0;
  for (; k + lanes <= n; k += lanes) hn::StoreU(hn::Add(hn::LoadU(d, sum + k), hn::Mul(wide_sum(a + k, b ? b + k : b), s)), d, sum + k);
  for (; k < n; ++k) sum[k] += one(a, b, k) * scale;
}

double squared_norm_here(const float* a, const float* b, int64_t n) {
  const D d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  Vec sum = hn::Zero(d), other = hn::Zero(d);
  int64_t k = 0;
  for (; k + 2 * lanes <= n; k += 2 * lanes) {
    const Vec x = wide_sum(a + k, b ? b + k : b), y = wide_sum(a + k + lanes, b ? b + k + lanes : b);
    sum = hn::MulAdd(x, x, sum);
    other = hn::MulAdd(y, y, other);
  }
  double total = hn::GetLane(hn::SumOfLanes(d, hn::Add(sum, other)));
  for (; k < n; ++k) total += one(a, b, k) * one(a, b, k);
  return total;
}

void add_divided_here(double* sum, const double* values, double divisor, int64_t n) {
  const D d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  const Vec by = hn::Set(d, divisor);
  int64_t k = 0;
  for (; k + lanes <= n; k += lanes) hn::StoreU(hn::Add(hn::LoadU(d, sum + k), hn::Div(hn::LoadU(d, values + k), by)), d, sum + k);
  for (; k < n; ++k) sum[k] += values[k] / divisor;
}

/// Rows of `a` that share each load of `b`; two sums a row hide the latency of an addition. A sum does not depend on the rows beside it.
template <int rows>
HWY_INLINE void dot_some(const double* const* a, const double* b, int64_t n, double* out) {
  const D d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  Vec s[rows], t[rows];
#pragma GCC unroll 4
  for (int i = 0; i < rows; ++i) s[i] = t[i] = hn::Zero(d);
  int64_t k = 0;
  for (; k + 2 * lanes <= n; k += 2 * lanes) {
    const Vec x = hn::LoadU(d, b + k), y = hn::LoadU(d, b + k + lanes);
#pragma GCC unroll 4
    for (int i = 0; i < rows; ++i) {
      s[i] = hn::MulAdd(hn::LoadU(d, a[i] + k), x, s[i]);
      t[i] = hn::MulAdd(hn::LoadU(d, a[i] + k + lanes), y, t[i]);
    }
  }
#pragma GCC unroll 4
  for (int i = 0; i < rows; ++i) {
    out[i] = hn::GetLane(hn::SumOfLanes(d, hn::Add(s[i], t[i])));
    for (int64_t c = k; c < n; ++c) out[i] += a[i][c] * b[c];
  }
}

void dot_rows_here(const double* const* a, int64_t count, const double* b, int64_t n, double* out) {
  int64_t i = 0;
  for (; i + 4 <= count; i += 4) dot_some<4>(a + i, b, n, out + i);
  if (count - i == 3) dot_some<3>(a + i, b, n, out + i);
  if (count - i == 2) dot_some<2>(a + i, b, n, out + i);
  if (count - i == 1) dot_some<1>(a + i, b, n, out + i);
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace lafs::metrics
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace lafs::metrics {

HWY_EXPORT(add_scaled_row_here);
HWY_EXPORT(squared_norm_here);
HWY_EXPORT(add_divided_here);
HWY_EXPORT(dot_rows_here);

void add_scaled_row(double* sum, const float* a, const float* b, double scale, int64_t n) {
  HWY_DYNAMIC_DISPATCH(add_scaled_row_here)(sum, a, b, scale, n);
}
double squared_norm(const float* a, const float* b, int64_t n) { return HWY_DYNAMIC_DISPATCH(squared_norm_here)(a, b, n); }
void add_divided(double* sum, const double* values, double divisor, int64_t n) {
  HWY_DYNAMIC_DISPATCH(add_divided_here)(sum, values, divisor, n);
}
void dot_rows(const double* const* a, int64_t count, const double* b, int64_t n, double* out) {
  HWY_DYNAMIC_DISPATCH(dot_rows_here)(a, count, b, n, out);
}

}  // namespace lafs::metrics
#endif
