#include "imaging/planes_simd.h"

#include <algorithm>
#include <cmath>

// Highway compiles this file once for each kind of machine and picks at run time.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "imaging/planes_filter_simd.cpp"
#include <hwy/foreach_target.h>
// foreach_target.h comes first.
#include "imaging/planes_simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace lafs::imaging::planes {
namespace HWY_NAMESPACE {

void weigh_rows(const uint8_t* in, int64_t stride, int64_t bytes, const int32_t* weights, int64_t count, uint8_t* out) {
  const Words d;
  const auto step = static_cast<int64_t>(hn::Lanes(d));
  const Int half = hn::Set(d, 1 << 21);
  int64_t x = 0;
  for (; x + 4 * step <= bytes; x += 4 * step) {
    Int s0 = half, s1 = half, s2 = half, s3 = half;
    const uint8_t* from = in + x;
    for (int64_t k = 0; k < count; ++k, from += stride) {
      const Int weight = hn::Set(d, weights[k]);
      s0 = hn::Add(s0, hn::Mul(weight, load_words(from)));
      s1 = hn::Add(s1, hn::Mul(weight, load_words(from + step)));
      s2 = hn::Add(s2, hn::Mul(weight, load_words(from + 2 * step)));
      s3 = hn::Add(s3, hn::Mul(weight, load_words(from + 3 * step)));
    }
    store_words(hn::ShiftRight<22>(s0), out + x);
    store_words(hn::ShiftRight<22>(s1), out + x + step);
    store_words(hn::ShiftRight<22>(s2), out + x + 2 * step);
    store_words(hn::ShiftRight<22>(s3), out + x + 3 * step);
  }
  for (; x < bytes; x += step) {
    Int sum = half;
    for (int64_t k = 0; k < count; ++k) sum = hn::Add(sum, hn::Mul(hn::Set(d, weights[k]), load_words(in + k * stride + x)));
    store_words(hn::ShiftRight<22>(sum), out + x);
  }
}

/// A row of a box pass; `sum_at` gives the sum of the inner rows at a byte.
template <typename Sum>
HWY_INLINE void box_row(const uint8_t* before, const uint8_t* after, int64_t bytes, uint32_t inner, uint32_t edge, Sum sum_at,
                        uint8_t* out) {
  const hn::Rebind<uint32_t, Words> d;
  const Words words;
  const auto step = static_cast<int64_t>(hn::Lanes(d));
  const auto inners = hn::Set(d, inner), edges = hn::Set(d, edge), half = hn::Set(d, 1u << 23);
  for (int64_t x = 0; x < bytes; x += step) {
    const Int ends = hn::Add(load_words(before + x), load_words(after + x));
    const auto total = hn::Add(hn::Add(hn::Mul(inners, hn::BitCast(d, sum_at(x))), half), hn::Mul(edges, hn::BitCast(d, ends)));
    store_words(hn::BitCast(words, hn::ShiftRight<24>(total)), out + x);
  }
}

void box_rows(const uint8_t* in, int64_t stride, int64_t rows, int64_t radius, uint32_t inner, uint32_t edge, uint8_t* out) {
  const auto row = [&](int64_t y) { return in + std::clamp<int64_t>(y, 0, rows - 1) * stride; };
  for (int64_t y = 0; y < rows; ++y) {
    const uint8_t *before = row(y - radius - 1), *after = row(y + radius + 1), *middle = row(y), *above = row(y - 1), *below = row(y + 1);
    uint8_t* to = out + y * stride;
    // Deviations up to 2, the published ones, need radius 0 and 1.
    if (radius == 0) {
      box_row(before, after, stride, inner, edge, [=](int64_t x) HWY_ATTR { return load_words(middle + x); }, to);
    } else if (radius == 1) {
      const auto sum = [=](int64_t x)
                           HWY_ATTR { return hn::Add(hn::Add(load_words(above + x), load_words(middle + x)), load_words(below + x)); };
      box_row(before, after, stride, inner, edge, sum, to);
    } else {
      const auto sum = [&](int64_t x) HWY_ATTR {
        Int total = load_words(middle + x);
        for (int64_t k = 1; k <= radius; ++k) total = hn::Add(total, hn::Add(load_words(row(y - k) + x), load_words(row(y + k) + x)));
        return total;
      };
      box_row(before, after, stride, inner, edge, sum, to);
    }
  }
}

void bilinear_row(const Corners& corners, float upper, float lower, const float* left, const float* right, int64_t size, uint8_t* out) {
#if HWY_NATIVE_FMA
  const Floats d;
  const Float high = hn::Set(d, upper), low = hn::Set(d, lower);
  for (int64_t i = 0; i < size; i += static_cast<int64_t>(hn::Lanes(d))) {
    const Float l = hn::LoadU(d, left + i), r = hn::LoadU(d, right + i);
    Float sum = hn::Mul(hn::Mul(high, r), hn::LoadU(d, corners.upper_right + i));
    sum = hn::MulAdd(hn::Mul(high, l), hn::LoadU(d, corners.upper_left + i), sum);
    sum = hn::MulAdd(hn::Mul(low, l), hn::LoadU(d, corners.lower_left + i), sum);
    sum = hn::MulAdd(hn::Mul(low, r), hn::LoadU(d, corners.lower_right + i), sum);
    store_words(hn::NearestInt(sum), out + i);
  }
#else
  for (int64_t i = 0; i < size; ++i) {
    float sum = (upper * right[i]) * corners.upper_right[i];
    sum = std::fma(upper * left[i], corners.upper_left[i], sum);
    sum = std::fma(lower * left[i], corners.lower_left[i], sum);
    sum = std::fma(lower * right[i], corners.lower_right[i], sum);
    out[i] = static_cast<uint8_t>(std::clamp(std::nearbyint(sum), 0.0f, 255.0f));
  }
#endif
}

void smooth_row(const uint8_t* above, const uint8_t* row, const uint8_t* below, int64_t width, uint8_t* out) {
  const Words d;
  const auto step = static_cast<int64_t>(hn::Lanes(d));
  // (sum + 6) / 13 as a product: exact for sums of bytes, whose weights add up to 13.
  constexpr int32_t thirteenth = 5042;
  out[0] = row[0];
  int64_t x = 1;
  const auto three = [](const uint8_t* at) HWY_ATTR { return hn::Add(hn::Add(load_words(at - 1), load_words(at)), load_words(at + 1)); };
  for (; x + step < width; x += step) {
    const Int centre = load_words(row + x), sum = hn::Add(hn::Add(three(above + x), three(row + x)), three(below + x));
    const Int weighed = hn::Add(hn::Add(sum, hn::ShiftLeft<2>(centre)), hn::Set(d, 6));
    store_words(hn::ShiftRight<16>(hn::Mul(weighed, hn::Set(d, thirteenth))), out + x);
  }
  for (; x + 1 < width; ++x) {
    int32_t sum = 4 * row[x] + 6;
    for (int64_t k = x - 1; k <= x + 1; ++k) sum += above[k] + row[k] + below[k];
    out[x] = static_cast<uint8_t>(sum / 13);
  }
  out[width - 1] = row[width - 1];
}

}  // namespace HWY_NAMESPACE
}  // namespace lafs::imaging::planes
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace lafs::imaging::planes {

HWY_EXPORT(weigh_rows);
HWY_EXPORT(box_rows);
HWY_EXPORT(bilinear_row);
HWY_EXPORT(smooth_row);

void weigh_rows(const uint8_t* in, int64_t stride, int64_t bytes, const int32_t* weights, int64_t count, uint8_t* out) {
  HWY_DYNAMIC_DISPATCH(weigh_rows)(in, stride, bytes, weights, count, out);
}
void box_rows(const uint8_t* in, int64_t stride, int64_t rows, int64_t radius, uint32_t inner, uint32_t edge, uint8_t* out) {
  HWY_DYNAMIC_DISPATCH(box_rows)(in, stride, rows, radius, inner, edge, out);
}
void bilinear_row(const Corners& corners, float upper, float lower, const float* left, const float* right, int64_t size, uint8_t* out) {
  HWY_DYNAMIC_DISPATCH(bilinear_row)(corners, upper, lower, left, right, size, out);
}
void smooth_row(const uint8_t* above, const uint8_t* row, const uint8_t* below, int64_t width, uint8_t* out) {
  HWY_DYNAMIC_DISPATCH(smooth_row)(above, row, below, width, out);
}

}  // namespace lafs::imaging::planes
#endif
