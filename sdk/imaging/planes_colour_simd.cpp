#include "imaging/planes_simd.h"

// Highway compiles this file once for each kind of machine and picks at run time.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "imaging/planes_colour_simd.cpp"
#include <hwy/foreach_target.h>
// foreach_target.h comes first.
#include "imaging/planes_simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace lafs::imaging::planes {
namespace HWY_NAMESPACE {

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

void blend_constant(uint8_t* bytes, int64_t size, float factor, float with) {
  const Floats d;
  const auto step = static_cast<int64_t>(hn::Lanes(d));
  const Float f = hn::Set(d, factor), base = hn::Set(d, with);
  for (int64_t i = 0; i < size; i += step) store_floats(hn::Add(base, hn::Mul(f, hn::Sub(load_floats(bytes + i), base))), bytes + i);
}

void blend_bytes(uint8_t* bytes, const uint8_t* with, int64_t size, float factor) {
  const Floats d;
  const auto step = static_cast<int64_t>(hn::Lanes(d));
  const Float f = hn::Set(d, factor);
  for (int64_t i = 0; i < size; i += step) {
    const Float base = load_floats(with + i);
    store_floats(hn::Add(base, hn::Mul(f, hn::Sub(load_floats(bytes + i), base))), bytes + i);
  }
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
    // Single precision gives the same bytes as A.5: checked for every hue, saturation and value.
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

HWY_EXPORT(scale);
HWY_EXPORT(blend_constant);
HWY_EXPORT(blend_bytes);
HWY_EXPORT(blend_luma);
HWY_EXPORT(luma);
HWY_EXPORT(luma_sum);
HWY_EXPORT(turn_hue);
HWY_EXPORT(solarise);

void scale(const uint8_t* rgb, int64_t pixels, const Scale (&scales)[3], float* const (&planes)[3]) {
  HWY_DYNAMIC_DISPATCH(scale)(rgb, pixels, scales, planes);
}
void blend_constant(uint8_t* bytes, int64_t size, float factor, float with) {
  HWY_DYNAMIC_DISPATCH(blend_constant)(bytes, size, factor, with);
}
void blend_luma(uint8_t* r, uint8_t* g, uint8_t* b, int64_t size, float factor) { HWY_DYNAMIC_DISPATCH(blend_luma)(r, g, b, size, factor); }
void blend_bytes(uint8_t* bytes, const uint8_t* with, int64_t size, float factor) {
  HWY_DYNAMIC_DISPATCH(blend_bytes)(bytes, with, size, factor);
}
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
