#include "metrics/similarity_simd.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <new>

// The order matters: foreach_target compiles this file once for each vector unit.
// clang-format off
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "metrics/similarity_simd.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>
// clang-format on

HWY_BEFORE_NAMESPACE();
namespace lafs::metrics {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;
// At most eight lanes: a group of 16 columns is then two vectors or four, and six rows of it stay in the registers.
using D = hn::CappedTag<float, 8>;
using Vec = hn::Vec<D>;

constexpr int64_t depth = 256;  // columns of a row at a time: a group of them is half of a first-level cache

/// `rows` rows of two vectors each, over n columns; adds to what is there unless it is the first time.
template <int rows>
HWY_INLINE void tile(const float* a, int64_t stride, const float* b, int64_t n, bool first, float* out, int64_t out_stride) {
  const D d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  for (int64_t column = 0; column < 16; column += 2 * lanes) {
    Vec s[rows], t[rows];
#pragma GCC unroll 6
    for (int i = 0; i < rows; ++i) {
      s[i] = first ? hn::Zero(d) : hn::LoadU(d, out + i * out_stride + column);
      t[i] = first ? hn::Zero(d) : hn::LoadU(d, out + i * out_stride + column + lanes);
    }
    for (int64_t k = 0; k < n; ++k) {
      const Vec x = hn::LoadU(d, b + 16 * k + column), y = hn::LoadU(d, b + 16 * k + column + lanes);
#pragma GCC unroll 6
      for (int i = 0; i < rows; ++i) {
        const Vec v = hn::Set(d, a[i * stride + k]);
        s[i] = hn::MulAdd(v, x, s[i]);
        t[i] = hn::MulAdd(v, y, t[i]);
      }
    }
#pragma GCC unroll 6
    for (int i = 0; i < rows; ++i) {
      hn::StoreU(s[i], d, out + i * out_stride + column);
      hn::StoreU(t[i], d, out + i * out_stride + column + lanes);
    }
  }
}

void similarity_rows_here(const float* a, int64_t count, const PackedRows& packed, float* out) {
  const int64_t width = packed.width, columns = packed.padded();
  for (int64_t k = 0; k < width; k += depth) {
    const int64_t n = std::min(depth, width - k);
    for (int64_t j = 0; j < columns; j += 16) {
      const float* const b = packed.values.get() + j * width + 16 * k;
      int64_t i = 0;
      for (; i + 6 <= count; i += 6) tile<6>(a + i * width + k, width, b, n, k == 0, out + i * columns + j, columns);
      for (; i < count; ++i) tile<1>(a + i * width + k, width, b, n, k == 0, out + i * columns + j, columns);
    }
  }
}

float largest_of_here(const float* values, int64_t n) {
  const D d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  Vec best = hn::Set(d, -std::numeric_limits<float>::infinity());
  int64_t k = 0;
  for (; k + lanes <= n; k += lanes) best = hn::Max(best, hn::LoadU(d, values + k));
  float largest = hn::GetLane(hn::MaxOfLanes(d, best));
  for (; k < n; ++k) largest = std::max(largest, values[k]);
  return largest;
}

int64_t count_at_least_here(const float* values, int64_t n, float threshold) {
  const D d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  const Vec limit = hn::Set(d, threshold);
  int64_t count = 0, k = 0;
  for (; k + lanes <= n; k += lanes) count += static_cast<int64_t>(hn::CountTrue(d, hn::Ge(hn::LoadU(d, values + k), limit)));
  for (; k < n; ++k) count += values[k] >= threshold ? 1 : 0;
  return count;
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace lafs::metrics
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace lafs::metrics {

HWY_EXPORT(similarity_rows_here);
HWY_EXPORT(largest_of_here);
HWY_EXPORT(count_at_least_here);

PackedRows packed_rows(std::span<const float> values, int64_t width) {
  PackedRows out{nullptr, static_cast<int64_t>(values.size()) / width, width};
  const auto bytes = static_cast<size_t>(out.padded() * width) * sizeof(float);  // rows of 16 floats: a multiple of 64
  out.values = {static_cast<float*>(std::aligned_alloc(64, bytes)), [](float* p) { std::free(p); }};
  if (!out.values) throw std::bad_alloc();
  std::memset(out.values.get(), 0, bytes);
  for (int64_t r = 0; r < out.rows; ++r)
    for (int64_t k = 0; k < width; ++k)
      out.values.get()[r / 16 * 16 * width + 16 * k + r % 16] = values[static_cast<size_t>(r * width + k)];
  return out;
}

void similarity_rows(const float* a, int64_t count, const PackedRows& packed, float* out) {
  HWY_DYNAMIC_DISPATCH(similarity_rows_here)(a, count, packed, out);
}

double similarity_error(int64_t width) {
  // One sum runs over all columns: a unit roundoff for each addition, for both roundings to f32, and some to spare, times the sum of
  // |a b|, which is at most 1 (Higham 2002, eq. 3.5).
  return 1.01 * (static_cast<double>(width) + 8) * 0x1p-24;
}

float largest_of(const float* values, int64_t n) { return HWY_DYNAMIC_DISPATCH(largest_of_here)(values, n); }
int64_t count_at_least(const float* values, int64_t n, float threshold) {
  return HWY_DYNAMIC_DISPATCH(count_at_least_here)(values, n, threshold);
}

}  // namespace lafs::metrics
#endif
