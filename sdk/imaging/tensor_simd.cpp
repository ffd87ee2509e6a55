#include "imaging/tensor_simd.h"

#include <algorithm>
#include <cstring>

// Highway compiles this file once for each kind of machine and picks at run time.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "imaging/tensor_simd.cpp"
#include <hwy/foreach_target.h>
// foreach_target.h comes first.
#include "imaging/planes_simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace lafs::imaging::planes {
namespace HWY_NAMESPACE {

using Wide = hn::CappedTag<uint8_t, 64>;

/// Three channels of Lanes(Wide) pixels.
struct Block {
  HWY_ALIGN uint8_t r[64];
  HWY_ALIGN uint8_t g[64];
  HWY_ALIGN uint8_t b[64];
};
HWY_INLINE void load_block(const uint8_t* rgb, Block& block) {
  const Wide d;
  hn::Vec<Wide> r, g, b;
  hn::LoadInterleaved3(d, rgb, r, g, b);
  hn::Store(r, d, block.r);
  hn::Store(g, d, block.g);
  hn::Store(b, d, block.b);
}
HWY_INLINE void store_block(const Block& block, uint8_t* rgb) {
  const Wide d;
  hn::StoreInterleaved3(hn::Load(d, block.r), hn::Load(d, block.g), hn::Load(d, block.b), d, rgb);
}

/// `change(block, i)` for every vector of pixels, i being its place in the block. The last block may be filled up with black.
template <typename Change>
HWY_INLINE void each_vector(uint8_t* rgb, int64_t pixels, const Change& change) {
  const auto wide = static_cast<int64_t>(hn::Lanes(Wide())), step = static_cast<int64_t>(hn::Lanes(Floats()));
  Block block;
  const auto work = [&](uint8_t* at) HWY_ATTR {
    load_block(at, block);
    for (int64_t i = 0; i < wide; i += step) change(block, i);
    store_block(block, at);
  };
  int64_t i = 0;
  for (; i + wide <= pixels; i += wide) work(rgb + 3 * i);
  if (i == pixels) return;
  HWY_ALIGN uint8_t rest[3 * 64] = {};
  const auto size = static_cast<size_t>(3 * (pixels - i));
  std::memcpy(rest, rgb + 3 * i, size);
  work(rest);
  std::memcpy(rgb + 3 * i, rest, size);
}

HWY_INLINE Float clamped(Float v, float high) {
  const Floats d;
  return hn::Min(hn::Max(v, hn::Zero(d)), hn::Set(d, high));
}

void blend_plus(uint8_t* bytes, int64_t size, float factor, float plus) {
  const Floats d;
  const auto step = static_cast<int64_t>(hn::Lanes(d));
  const Float f = hn::Set(d, factor), more = hn::Set(d, plus);
  int64_t i = 0;
  for (; i + step <= size; i += step) store_floats(clamped(hn::Add(hn::Mul(f, load_floats(bytes + i)), more), 255), bytes + i);
  for (; i < size; ++i) bytes[i] = static_cast<uint8_t>(std::clamp(factor * static_cast<float>(bytes[i]) + plus, 0.0f, 255.0f));
}

/// Truncated to whole numbers.
HWY_INLINE Float grey_of(Float r, Float g, Float b) {
  const Floats d;
  const Float sum = hn::Add(hn::Mul(hn::Set(d, 0.2989f), r), hn::Mul(hn::Set(d, 0.587f), g));
  return hn::Trunc(hn::Add(sum, hn::Mul(hn::Set(d, 0.114f), b)));
}

void blend_grey(uint8_t* rgb, int64_t pixels, float factor, float rest) {
  const Floats d;
  const Float f = hn::Set(d, factor), f_grey = hn::Set(d, rest);
  each_vector(rgb, pixels, [&](Block& block, int64_t i) HWY_ATTR {
    const Float r = load_floats(block.r + i), g = load_floats(block.g + i), b = load_floats(block.b + i);
    const Float base = hn::Mul(f_grey, grey_of(r, g, b));
    store_floats(clamped(hn::Add(hn::Mul(f, r), base), 255), block.r + i);
    store_floats(clamped(hn::Add(hn::Mul(f, g), base), 255), block.g + i);
    store_floats(clamped(hn::Add(hn::Mul(f, b), base), 255), block.b + i);
  });
}

int64_t grey_sum(const uint8_t* rgb, int64_t pixels) {
  const Words d;
  const auto wide = static_cast<int64_t>(hn::Lanes(Wide())), step = static_cast<int64_t>(hn::Lanes(d));
  Int sums = hn::Zero(d);
  Block block;
  int64_t i = 0;
  for (; i + wide <= pixels; i += wide) {
    load_block(rgb + 3 * i, block);
    for (int64_t k = 0; k < wide; k += step) {
      const Float grey = grey_of(load_floats(block.r + k), load_floats(block.g + k), load_floats(block.b + k));
      sums = hn::Add(sums, hn::ConvertTo(d, grey));
    }
  }
  int64_t sum = hn::GetLane(hn::SumOfLanes(d, sums));
  for (; i < pixels; ++i) {
    const uint8_t* p = rgb + 3 * i;
    sum += static_cast<uint8_t>(0.2989f * static_cast<float>(p[0]) + 0.587f * static_cast<float>(p[1]) + 0.114f * static_cast<float>(p[2]));
  }
  return sum;
}

/// Quotients by one divisor for each lane, rounded as the division rounds.
class Divisors {
 public:
  HWY_INLINE explicit Divisors(Float by) : by_(by), reciprocal_(hn::Div(hn::Set(Floats(), 1.0f), by)) {}
  HWY_INLINE Float of(Float x) const {
#if HWY_NATIVE_FMA
    const Float quotient = hn::Mul(x, reciprocal_);
    return hn::MulAdd(hn::NegMulAdd(quotient, by_, x), reciprocal_, quotient);
#else
    return hn::Div(x, by_);
#endif
  }

 private:
  Float by_, reciprocal_;
};

struct FloatHsv {
  Float h, s, v;
};

// The order of operations is torchvision's: another order rounds to other bytes.
HWY_INLINE FloatHsv to_hsv(Float r, Float g, Float b) {
  const Floats d;
  const Float one = hn::Set(d, 1.0f), high = hn::Max(hn::Max(r, g), b), low = hn::Min(hn::Min(r, g), b);
  const auto is_grey = hn::Eq(high, low);
  const Float range = hn::IfThenElse(is_grey, one, hn::Sub(high, low));
  const Divisors by_range(range);
  const Float rc = by_range.of(hn::Sub(high, r)), gc = by_range.of(hn::Sub(high, g)), bc = by_range.of(hn::Sub(high, b));
  const Float from_green = hn::Sub(hn::Add(hn::Set(d, 2.0f), rc), bc), from_blue = hn::Sub(hn::Add(hn::Set(d, 4.0f), gc), rc);
  const Float h = hn::IfThenElse(hn::Eq(high, r), hn::Sub(bc, gc), hn::IfThenElse(hn::Eq(high, g), from_green, from_blue));
  const Float turned = hn::Add(Divisor(6.0f).of(h), one);  // in [0, 2)
  const Float s = hn::Div(range, hn::IfThenElse(is_grey, one, high));
  return {hn::Sub(turned, hn::Trunc(turned)), hn::IfThenElse(is_grey, hn::Zero(d), s), high};
}

void turn_float_hue(uint8_t* rgb, int64_t pixels, float shift, float scale) {
  const Floats d;
  const Float one = hn::Set(d, 1.0f), zero = hn::Zero(d), six = hn::Set(d, 6.0f), by = hn::Set(d, shift), to_byte = hn::Set(d, scale);
  const Divisor levels(255.0f);
  each_vector(rgb, pixels, [&](Block& block, int64_t i) HWY_ATTR {
    const FloatHsv in =
        to_hsv(levels.of(load_floats(block.r + i)), levels.of(load_floats(block.g + i)), levels.of(load_floats(block.b + i)));
    const Float sum = hn::Add(in.h, by), part = hn::Sub(sum, hn::Trunc(sum));
    const Float h6 = hn::Mul(hn::IfThenElse(hn::Lt(part, zero), hn::Add(part, one), part), six);
    const Float whole = hn::Floor(h6), f = hn::Sub(h6, whole), v = in.v;
    const Float p = clamped(hn::Mul(v, hn::Sub(one, in.s)), 1), q = clamped(hn::Mul(v, hn::Sub(one, hn::Mul(in.s, f))), 1);
    const Float t = clamped(hn::Mul(v, hn::Sub(one, hn::Mul(in.s, hn::Sub(one, f)))), 1);
    const auto is = [&](float n) HWY_ATTR { return hn::Eq(whole, hn::Set(d, n)); };
    const auto s1 = is(1), s2 = is(2), s3 = is(3), s4 = is(4), s5 = is(5);  // 6 is 0 again
    const Float red = hn::IfThenElse(s1, q, hn::IfThenElse(hn::Or(s2, s3), p, hn::IfThenElse(s4, t, v)));
    const Float green = hn::IfThenElse(hn::Or(s1, s2), v, hn::IfThenElse(s3, q, hn::IfThenElse(hn::Or(s4, s5), p, t)));
    const Float blue = hn::IfThenElse(s2, t, hn::IfThenElse(hn::Or(s3, s4), v, hn::IfThenElse(s5, q, p)));
    store_floats(hn::Mul(red, to_byte), block.r + i);
    store_floats(hn::Mul(green, to_byte), block.g + i);
    store_floats(hn::Mul(blue, to_byte), block.b + i);
  });
}

void mirror_row(const uint8_t* rgb, int64_t pixels, uint8_t* out) {
  int64_t i = 0;
#if HWY_TARGET != HWY_SCALAR
  const hn::FixedTag<uint8_t, 16> d;
  HWY_ALIGN static constexpr uint8_t backwards[16] = {15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0};
  const auto order = hn::Load(d, backwards);
  const auto block = [&](int64_t at) HWY_ATTR {
    hn::Vec<decltype(d)> r, g, b;
    hn::LoadInterleaved3(d, rgb + 3 * at, r, g, b);
    const auto turned = [&](auto v) HWY_ATTR { return hn::TableLookupBytes(v, order); };
    hn::StoreInterleaved3(turned(r), turned(g), turned(b), d, out + 3 * (pixels - at - 16));
  };
  for (; i + 16 <= pixels; i += 16) block(i);
  if (i < pixels && pixels >= 16) return block(pixels - 16);
#endif
  for (; i < pixels; ++i) std::memcpy(out + 3 * (pixels - 1 - i), rgb + 3 * i, 3);
}

}  // namespace HWY_NAMESPACE
}  // namespace lafs::imaging::planes
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace lafs::imaging::planes {

HWY_EXPORT(blend_plus);
HWY_EXPORT(blend_grey);
HWY_EXPORT(grey_sum);
HWY_EXPORT(turn_float_hue);
HWY_EXPORT(mirror_row);

void blend_plus(uint8_t* bytes, int64_t size, float factor, float plus) { HWY_DYNAMIC_DISPATCH(blend_plus)(bytes, size, factor, plus); }
void blend_grey(uint8_t* rgb, int64_t pixels, float factor, float rest) { HWY_DYNAMIC_DISPATCH(blend_grey)(rgb, pixels, factor, rest); }
int64_t grey_sum(const uint8_t* rgb, int64_t pixels) { return HWY_DYNAMIC_DISPATCH(grey_sum)(rgb, pixels); }
void turn_float_hue(uint8_t* rgb, int64_t pixels, float shift, float scale) {
  HWY_DYNAMIC_DISPATCH(turn_float_hue)(rgb, pixels, shift, scale);
}
void mirror_row(const uint8_t* rgb, int64_t pixels, uint8_t* out) { HWY_DYNAMIC_DISPATCH(mirror_row)(rgb, pixels, out); }

}  // namespace lafs::imaging::planes
#endif
