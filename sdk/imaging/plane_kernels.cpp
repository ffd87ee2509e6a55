#include "imaging/plane_kernels.h"

#include <algorithm>
#include <cmath>

// Highway compiles this file once for each kind of machine and picks at run time.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "imaging/plane_kernels.cpp"
#include <hwy/foreach_target.h>
// foreach_target.h comes first.
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace lafs::imaging::planes {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// At most 16 lanes: rows are multiples of 16 bytes.
using Words = hn::CappedTag<int32_t, 16>;
using Floats = hn::Rebind<float, Words>;
using Bytes = hn::Rebind<uint8_t, Words>;
using Int = hn::Vec<Words>;
using Float = hn::Vec<Floats>;

HWY_INLINE Int load_words(const uint8_t* from) { return hn::PromoteTo(Words(), hn::LoadU(Bytes(), from)); }
HWY_INLINE Float load_floats(const uint8_t* from) { return hn::ConvertTo(Floats(), load_words(from)); }
HWY_INLINE void store_words(Int words, uint8_t* to) { hn::StoreU(hn::DemoteTo(Bytes(), words), Bytes(), to); }
/// Towards zero; bytes saturate.
HWY_INLINE void store_floats(Float floats, uint8_t* to) { store_words(hn::ConvertTo(Words(), floats), to); }

void split(const uint8_t* rgb, int64_t pixels, uint8_t* r, uint8_t* g, uint8_t* b) {
  const hn::CappedTag<uint8_t, 64> d;
  const auto step = static_cast<int64_t>(hn::Lanes(d));
  const auto block = [&](int64_t i) HWY_ATTR {
    hn::Vec<decltype(d)> v0, v1, v2;
    hn::LoadInterleaved3(d, rgb + 3 * i, v0, v1, v2);
    hn::StoreU(v0, d, r + i);
    hn::StoreU(v1, d, g + i);
    hn::StoreU(v2, d, b + i);
  };
  int64_t i = 0;
  for (; i + step <= pixels; i += step) block(i);
  if (i < pixels && pixels >= step) return block(pixels - step);
  for (; i < pixels; ++i) {
    r[i] = rgb[3 * i];
    g[i] = rgb[3 * i + 1];
    b[i] = rgb[3 * i + 2];
  }
}

void join(const uint8_t* r, const uint8_t* g, const uint8_t* b, int64_t pixels, uint8_t* rgb) {
  const hn::CappedTag<uint8_t, 64> d;
  const auto step = static_cast<int64_t>(hn::Lanes(d));
  const auto block = [&](int64_t i)
                         HWY_ATTR { hn::StoreInterleaved3(hn::LoadU(d, r + i), hn::LoadU(d, g + i), hn::LoadU(d, b + i), d, rgb + 3 * i); };
  int64_t i = 0;
  for (; i + step <= pixels; i += step) block(i);
  if (i < pixels && pixels >= step) return block(pixels - step);
  for (; i < pixels; ++i) {
    rgb[3 * i] = r[i];
    rgb[3 * i + 1] = g[i];
    rgb[3 * i + 2] = b[i];
  }
}

/// Four rounds of riffling rows i and i + 8 turn a block of 16 x 16.
void turn_block(const uint8_t* in, int64_t in_stride, uint8_t* out, int64_t out_stride) {
#if HWY_TARGET == HWY_SCALAR
  for (int64_t x = 0; x < 16; ++x) {
    for (int64_t y = 0; y < 16; ++y) out[x * out_stride + y] = in[y * in_stride + x];
  }
#else
  const hn::FixedTag<uint8_t, 16> d;
  hn::Vec<decltype(d)> a[16], b[16];
  for (int64_t i = 0; i < 16; ++i) a[i] = hn::LoadU(d, in + i * in_stride);
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 8; ++i) {
      b[2 * i] = hn::InterleaveLower(d, a[i], a[i + 8]);
      b[2 * i + 1] = hn::InterleaveUpper(d, a[i], a[i + 8]);
    }
    for (int i = 0; i < 8; ++i) {
      a[2 * i] = hn::InterleaveLower(d, b[i], b[i + 8]);
      a[2 * i + 1] = hn::InterleaveUpper(d, b[i], b[i + 8]);
    }
  }
  for (int64_t i = 0; i < 16; ++i) hn::StoreU(a[i], d, out + i * out_stride);
#endif
}

void transpose(const uint8_t* in, int64_t in_stride, int64_t rows, int64_t columns, uint8_t* out, int64_t out_stride) {
  for (int64_t y = 0; y < rows; y += 16) {
    for (int64_t x = 0; x < columns; x += 16) turn_block(in + y * in_stride + x, in_stride, out + x * out_stride + y, out_stride);
  }
}

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

void gather_columns(const uint8_t* row, const ColumnGroups& groups, float* out) {
  for (int64_t g = 0; g < groups.count; ++g) {
    const uint8_t *from = row + groups.from[g], *places = groups.places + 16 * g;
    float* to = out + groups.to[g];
#if HWY_TARGET == HWY_SCALAR
    for (int64_t i = 0; i < 16; ++i) to[i] = static_cast<float>(from[places[i]]);
#else
    const hn::FixedTag<uint8_t, 16> d;
    HWY_ALIGN uint8_t taken[16];
    hn::Store(hn::TableLookupBytes(hn::LoadU(d, from), hn::LoadU(d, places)), d, taken);
    const auto step = static_cast<int64_t>(hn::Lanes(Floats()));
    for (int64_t i = 0; i < 16; i += step) hn::StoreU(load_floats(taken + i), Floats(), to + i);
#endif
  }
}

/// x / by, rounded as the division rounds: where products and sums fuse, the quotient by the reciprocal less its remainder is that number.
class Divisor {
 public:
  HWY_INLINE explicit Divisor(float by) : by_(by), reciprocal_(1.0f / by) {}
  HWY_INLINE Float of(Float x) const {
    const Floats d;
#if HWY_NATIVE_FMA
    const Float reciprocal = hn::Set(d, reciprocal_), quotient = hn::Mul(x, reciprocal);
    return hn::MulAdd(hn::NegMulAdd(quotient, hn::Set(d, by_), x), reciprocal, quotient);
#else
    return hn::Div(x, hn::Set(d, by_));
#endif
  }

 private:
  float by_, reciprocal_;
};

HWY_INLINE float scaled(uint8_t v, const Scale& by) {
  const float unit = static_cast<float>(v) / 255.0f, centred = unit - by.mean;
  return centred / by.deviation;
}

void scale(const uint8_t* rgb, int64_t pixels, const Scale (&scales)[3], float* const (&planes)[3]) {
  const Floats d;
  const Bytes bytes;
  const hn::CappedTag<uint8_t, 64> wide;
  const auto block = static_cast<int64_t>(hn::Lanes(wide)), step = static_cast<int64_t>(hn::Lanes(d));
  const Divisor levels(255.0f), deviations[3] = {Divisor(scales[0].deviation), Divisor(scales[1].deviation), Divisor(scales[2].deviation)};
  HWY_ALIGN uint8_t split_bytes[3][64];
  int64_t i = 0;
  for (; i + block <= pixels; i += block) {
    hn::Vec<decltype(wide)> v0, v1, v2;
    hn::LoadInterleaved3(wide, rgb + 3 * i, v0, v1, v2);
    hn::Store(v0, wide, split_bytes[0]);
    hn::Store(v1, wide, split_bytes[1]);
    hn::Store(v2, wide, split_bytes[2]);
    for (size_t c = 0; c < 3; ++c) {
      const Float mean = hn::Set(d, scales[c].mean);
      for (int64_t k = 0; k < block; k += step) {
        const Float unit = levels.of(hn::ConvertTo(d, hn::PromoteTo(Words(), hn::LoadU(bytes, split_bytes[c] + k))));
        hn::StoreU(deviations[c].of(hn::Sub(unit, mean)), d, planes[c] + i + k);
      }
    }
  }
  for (; i < pixels; ++i) {
    for (size_t c = 0; c < 3; ++c) planes[c][i] = scaled(rgb[3 * i + static_cast<int64_t>(c)], scales[c]);
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

void blend_constant(uint8_t* bytes, int64_t size, float factor, float with) {
  const Floats d;
  const auto step = static_cast<int64_t>(hn::Lanes(d));
  const Float f = hn::Set(d, factor), base = hn::Set(d, with);
  for (int64_t i = 0; i < size; i += step) store_floats(hn::Add(base, hn::Mul(f, hn::Sub(load_floats(bytes + i), base))), bytes + i);
}

HWY_INLINE Int luma_of(Int r, Int g, Int b) {
  const Words d;
  const Int sum = hn::Add(hn::Mul(r, hn::Set(d, 19595)), hn::Mul(g, hn::Set(d, 38470)));
  return hn::ShiftRight<16>(hn::Add(hn::Add(sum, hn::Mul(b, hn::Set(d, 7471))), hn::Set(d, 32768)));
}

void blend_luma(uint8_t* r, uint8_t* g, uint8_t* b, int64_t size, float factor) {
  const Floats d;
  const auto step = static_cast<int64_t>(hn::Lanes(d));
  const Float f = hn::Set(d, factor);
  for (int64_t i = 0; i < size; i += step) {
    const Int red = load_words(r + i), green = load_words(g + i), blue = load_words(b + i);
    const Float base = hn::ConvertTo(d, luma_of(red, green, blue));
    store_floats(hn::Add(base, hn::Mul(f, hn::Sub(hn::ConvertTo(d, red), base))), r + i);
    store_floats(hn::Add(base, hn::Mul(f, hn::Sub(hn::ConvertTo(d, green), base))), g + i);
    store_floats(hn::Add(base, hn::Mul(f, hn::Sub(hn::ConvertTo(d, blue), base))), b + i);
  }
}

void luma(const uint8_t* r, const uint8_t* g, const uint8_t* b, int64_t size, uint8_t* out) {
  const auto step = static_cast<int64_t>(hn::Lanes(Words()));
  for (int64_t i = 0; i < size; i += step) store_words(luma_of(load_words(r + i), load_words(g + i), load_words(b + i)), out + i);
}

int64_t luma_sum(const uint8_t* r, const uint8_t* g, const uint8_t* b, int64_t size) {
  const Words d;
  const auto step = static_cast<int64_t>(hn::Lanes(d));
  Int sums = hn::Zero(d);
  int64_t i = 0;
  for (; i + step <= size; i += step) sums = hn::Add(sums, luma_of(load_words(r + i), load_words(g + i), load_words(b + i)));
  int64_t sum = hn::GetLane(hn::SumOfLanes(d, sums));
  for (; i < size; ++i) sum += (19595 * r[i] + 38470 * g[i] + 7471 * b[i] + 32768) >> 16;
  return sum;
}

/// trunc(255 * x) as the product in double precision gives it: 256 * x less a whole number is exact, so a product that was rounded up to a
/// whole number shows. x in [0, 1].
HWY_INLINE Int times_255(Float x) {
  const Floats d;
  const Words dw;
  const Int n = hn::ConvertTo(dw, hn::Mul(x, hn::Set(d, 255.0f)));
  const Float rest = hn::Sub(hn::Mul(x, hn::Set(d, 256.0f)), hn::ConvertTo(d, n));
  return hn::Add(n, hn::VecFromMask(dw, hn::RebindMask(dw, hn::Lt(rest, x))));
}

/// The hue byte. One of the two differences of A.5 is exactly 1, so the sums in double precision round as one sum in single does.
HWY_INLINE Int hue_byte(Float r, Float g, Float b, Float high, Float low, Float range) {
  const Floats d;
  const Float one = hn::Set(d, 1.0f), six = hn::Set(d, 6.0f);
  const Float middle = hn::Sub(hn::Sub(hn::Add(hn::Add(r, g), b), high), low);
  const Float ratio = hn::Div(hn::Sub(high, middle), range);
  const auto red = hn::Eq(r, high), green = hn::Eq(g, high);
  const Float base = hn::IfThenElse(red, hn::Zero(d), hn::IfThenElse(green, hn::Set(d, 2.0f), hn::Set(d, 4.0f)));
  const Float subtracted = hn::IfThenElse(red, g, hn::IfThenElse(green, b, r));
  const Float h = hn::IfThenElse(hn::Eq(subtracted, low), hn::Add(hn::Sub(base, one), ratio), hn::Sub(hn::Add(base, one), ratio));
  const Float sixth = hn::Div(h, six);
  return times_255(hn::IfThenElse(hn::Lt(h, hn::Zero(d)), hn::Add(one, sixth), sixth));
}

HWY_INLINE Float half_up(Float x) { return hn::Add(x, hn::Set(Floats(), 0.5f)); }

void turn_hue(uint8_t* r8, uint8_t* g8, uint8_t* b8, int64_t size, int32_t shift) {
  const Floats d;
  const Words dw;
  const auto step = static_cast<int64_t>(hn::Lanes(d));
  const Float one = hn::Set(d, 1.0f), of_255 = hn::Set(d, 1.0f / 255);
  for (int64_t i = 0; i < size; i += step) {
    const Float r = load_floats(r8 + i), g = load_floats(g8 + i), b = load_floats(b8 + i);
    const Float v = hn::Max(hn::Max(r, g), b), low = hn::Min(hn::Min(r, g), b);
    const Float range = hn::Max(hn::Sub(v, low), hn::Set(d, 1.0f / 1024));  // grey: any hue does, its saturation comes out as 0
    const Int hue = hn::And(hn::Add(hue_byte(r, g, b, v, low, range), hn::Set(dw, shift)), hn::Set(dw, 255));
    const Int saturation = times_255(hn::Div(hn::Sub(v, low), hn::Max(v, one)));
    const Int h6 = hn::Mul(hue, hn::Set(dw, 6));
    const Int sector = hn::ShiftRight<16>(hn::Mul(hn::Add(h6, hn::Set(dw, 1)), hn::Set(dw, 257)));  // h6 / 255
    // What follows gives the bytes of A.5 though it is in single precision: tried for every hue, saturation and value.
    const Float f = hn::Mul(hn::ConvertTo(d, hn::Sub(h6, hn::Mul(sector, hn::Set(dw, 255)))), of_255);
    const Float s = hn::Mul(hn::ConvertTo(d, saturation), of_255);
    const Float p = half_up(hn::Mul(v, hn::Sub(one, s))), q = half_up(hn::Mul(v, hn::Sub(one, hn::Mul(s, f))));
    const Float t = half_up(hn::Mul(v, hn::Sub(one, hn::Mul(s, hn::Sub(one, f)))));
    const auto is = [&](int32_t n) HWY_ATTR { return hn::RebindMask(d, hn::Eq(sector, hn::Set(dw, n))); };
    const auto s1 = is(1), s2 = is(2), s3 = is(3), s4 = is(4), s5 = is(5);
    store_floats(hn::IfThenElse(s1, q, hn::IfThenElse(hn::Or(s2, s3), p, hn::IfThenElse(s4, t, v))), r8 + i);
    store_floats(hn::IfThenElse(hn::Or(s1, s2), v, hn::IfThenElse(s3, q, hn::IfThenElse(hn::Or(s4, s5), p, t))), g8 + i);
    store_floats(hn::IfThenElse(s2, t, hn::IfThenElse(hn::Or(s3, s4), v, hn::IfThenElse(s5, q, p))), b8 + i);
  }
}

void solarise(uint8_t* bytes, int64_t size, int64_t threshold) {
  if (threshold > 255) return;
  const hn::CappedTag<uint8_t, 16> d;
  const auto step = static_cast<int64_t>(hn::Lanes(d));
  const auto from = hn::Set(d, static_cast<uint8_t>(threshold));
  for (int64_t i = 0; i < size; i += step) {
    const auto v = hn::LoadU(d, bytes + i);
    hn::StoreU(hn::IfThenElse(hn::Eq(hn::Max(v, from), v), hn::Not(v), v), d, bytes + i);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace lafs::imaging::planes
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace lafs::imaging::planes {

HWY_EXPORT(split);
HWY_EXPORT(join);
HWY_EXPORT(transpose);
HWY_EXPORT(weigh_rows);
HWY_EXPORT(box_rows);
HWY_EXPORT(bilinear_row);
HWY_EXPORT(gather_columns);
HWY_EXPORT(scale);
HWY_EXPORT(blend_constant);
HWY_EXPORT(blend_luma);
HWY_EXPORT(luma);
HWY_EXPORT(luma_sum);
HWY_EXPORT(turn_hue);
HWY_EXPORT(solarise);

void split(const uint8_t* rgb, int64_t pixels, uint8_t* r, uint8_t* g, uint8_t* b) { HWY_DYNAMIC_DISPATCH(split)(rgb, pixels, r, g, b); }
void join(const uint8_t* r, const uint8_t* g, const uint8_t* b, int64_t pixels, uint8_t* rgb) {
  HWY_DYNAMIC_DISPATCH(join)(r, g, b, pixels, rgb);
}
void transpose(const uint8_t* in, int64_t in_stride, int64_t rows, int64_t columns, uint8_t* out, int64_t out_stride) {
  HWY_DYNAMIC_DISPATCH(transpose)(in, in_stride, rows, columns, out, out_stride);
}
void weigh_rows(const uint8_t* in, int64_t stride, int64_t bytes, const int32_t* weights, int64_t count, uint8_t* out) {
  HWY_DYNAMIC_DISPATCH(weigh_rows)(in, stride, bytes, weights, count, out);
}
void box_rows(const uint8_t* in, int64_t stride, int64_t rows, int64_t radius, uint32_t inner, uint32_t edge, uint8_t* out) {
  HWY_DYNAMIC_DISPATCH(box_rows)(in, stride, rows, radius, inner, edge, out);
}
void bilinear_row(const Corners& corners, float upper, float lower, const float* left, const float* right, int64_t size, uint8_t* out) {
  HWY_DYNAMIC_DISPATCH(bilinear_row)(corners, upper, lower, left, right, size, out);
}
void gather_columns(const uint8_t* row, const ColumnGroups& groups, float* out) { HWY_DYNAMIC_DISPATCH(gather_columns)(row, groups, out); }
void scale(const uint8_t* rgb, int64_t pixels, const Scale (&scales)[3], float* const (&planes)[3]) {
  HWY_DYNAMIC_DISPATCH(scale)(rgb, pixels, scales, planes);
}
void blend_constant(uint8_t* bytes, int64_t size, float factor, float with) {
  HWY_DYNAMIC_DISPATCH(blend_constant)(bytes, size, factor, with);
}
void blend_luma(uint8_t* r, uint8_t* g, uint8_t* b, int64_t size, float factor) { HWY_DYNAMIC_DISPATCH(blend_luma)(r, g, b, size, factor); }
void luma(const uint8_t* r, const uint8_t* g, const uint8_t* b, int64_t size, uint8_t* out) {
  HWY_DYNAMIC_DISPATCH(luma)(r, g, b, size, out);
}
int64_t luma_sum(const uint8_t* r, const uint8_t* g, const uint8_t* b, int64_t size) {
  return HWY_DYNAMIC_DISPATCH(luma_sum)(r, g, b, size);
}
void turn_hue(uint8_t* r, uint8_t* g, uint8_t* b, int64_t size, int32_t shift) { HWY_DYNAMIC_DISPATCH(turn_hue)(r, g, b, size, shift); }
void solarise(uint8_t* bytes, int64_t size, int64_t threshold) { HWY_DYNAMIC_DISPATCH(solarise)(bytes, size, threshold); }

}  // namespace lafs::imaging::planes
#endif
