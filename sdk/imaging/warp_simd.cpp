#include "imaging/warp_simd.h"

#include <algorithm>
#include <bit>
#include <cstring>

// Highway compiles this file once for each kind of machine and picks at run time.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "imaging/warp_simd.cpp"
#include <hwy/foreach_target.h>
// foreach_target.h comes first.
#include "imaging/planes_simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace lafs::imaging::planes {
namespace HWY_NAMESPACE {

void warp_places(const WarpRow& row, int64_t count, int32_t* x, int32_t* y) {
  const Words d;
  const auto step = static_cast<int64_t>(hn::Lanes(d));
  const Int first_x = hn::Set(d, row.first_x), first_y = hn::Set(d, row.first_y);
  int64_t i = 0;
  for (; i + step <= count; i += step) {
    hn::StoreU(hn::ShiftRight<5>(hn::Add(first_x, hn::LoadU(d, row.along_x + i))), d, x + i);
    hn::StoreU(hn::ShiftRight<5>(hn::Add(first_y, hn::LoadU(d, row.along_y + i))), d, y + i);
  }
  for (; i < count; ++i) {
    x[i] = (row.first_x + row.along_x[i]) >> 5;
    y[i] = (row.first_y + row.along_y[i]) >> 5;
  }
}

/// Pixels of one call of `blend`. Vectors are loads of single pixels, brought together: quicker than what processors have for it.
constexpr int64_t group = 64;

/// Of each pixel the words r g b x of its four neighbours, and in the end its own.
struct Gathered {
  uint32_t upper_left[group], upper_right[group], lower_left[group], lower_right[group];
  int32_t offsets[group], blended[group];
};

void find_offsets(const int32_t* x, const int32_t* y, int64_t stride, int64_t count, int32_t* offsets) {
  const Words d;
  const auto step = static_cast<int64_t>(hn::Lanes(d));
  const Int bytes_a_row = hn::Set(d, static_cast<int32_t>(stride));
  int64_t i = 0;
  for (; i + step <= count; i += step) {
    const Int column = hn::ShiftRight<5>(hn::LoadU(d, x + i)), row = hn::ShiftRight<5>(hn::LoadU(d, y + i));
    hn::StoreU(hn::Add(hn::Mul(row, bytes_a_row), hn::Add(column, hn::Add(column, column))), d, offsets + i);
  }
  for (; i < count; ++i) offsets[i] = (y[i] >> 5) * static_cast<int32_t>(stride) + 3 * (x[i] >> 5);
}

void gather(const uint8_t* rgb, int64_t stride, int64_t count, Gathered& to) {
  static_assert(std::endian::native == std::endian::little);
  for (int64_t k = 0; k < count; ++k) {
    const uint8_t* at = rgb + to.offsets[k];
    // Six bytes are wanted of each row: two more behind the upper ones, and two before the lower ones, still lie in the picture.
    uint64_t upper = 0, lower = 0;
    std::memcpy(&upper, at, 8);
    std::memcpy(&lower, at + stride - 2, 8);
    to.upper_left[k] = static_cast<uint32_t>(upper);
    to.upper_right[k] = static_cast<uint32_t>(upper >> 24);
    to.lower_left[k] = static_cast<uint32_t>(lower >> 16);
    to.lower_right[k] = static_cast<uint32_t>(lower >> 40);
  }
}

/// Between the left and the right neighbour, times 32, in the low 16 bits of a word and again in the high ones: 13 bits each.
struct Between {
  Int red_blue, green;
};
HWY_INLINE Between between(const uint32_t* left_words, const uint32_t* right_words, Int near_left, Int near_right) {
  const Words d;
  const Int even = hn::Set(d, 0x00ff00ff), second = hn::Set(d, 0x0000ff00);
  const Int left = hn::BitCast(d, hn::LoadU(hn::RebindToUnsigned<Words>(), left_words));
  const Int right = hn::BitCast(d, hn::LoadU(hn::RebindToUnsigned<Words>(), right_words));
  const auto weighed = [&](Int l, Int r) HWY_ATTR { return hn::Add(hn::Mul(l, near_left), hn::Mul(r, near_right)); };
  return {weighed(hn::And(left, even), hn::And(right, even)), weighed(hn::And(left, second), hn::And(right, second))};
}

/// Blends Lanes(Words) pixels from k on to words r g b 0.
HWY_INLINE void blend(const int32_t* x, const int32_t* y, int64_t k, Gathered& pixels) {
  const Words d;
  const Int fraction = hn::Set(d, 31), whole = hn::Set(d, 32), half = hn::Set(d, 512), low = hn::Set(d, 0xffff);
  const Int fx = hn::And(hn::LoadU(d, x), fraction), fy = hn::And(hn::LoadU(d, y), fraction);
  const Int gx = hn::Sub(whole, fx), gy = hn::Sub(whole, fy);
  const Between above = between(pixels.upper_left + k, pixels.upper_right + k, gx, fx);
  const Between below = between(pixels.lower_left + k, pixels.lower_right + k, gx, fx);
  const auto weighed = [&](Int upper, Int lower) HWY_ATTR { return hn::Add(hn::Mul(upper, gy), hn::Mul(lower, fy)); };
  const Int red = hn::Add(weighed(hn::And(above.red_blue, low), hn::And(below.red_blue, low)), half);
  const Int blue = hn::Add(weighed(hn::ShiftRight<16>(above.red_blue), hn::ShiftRight<16>(below.red_blue)), half);
  // Green has stayed 8 bits up, which is where it goes.
  const Int green = hn::Add(weighed(above.green, below.green), hn::ShiftLeft<8>(half));
  const Int together = hn::Or(hn::Or(hn::ShiftRight<10>(red), hn::And(hn::ShiftRight<10>(green), hn::Set(d, 0xff00))),
                              hn::ShiftLeft<16>(hn::ShiftRight<10>(blue)));
  hn::StoreU(together, d, pixels.blended + k);
}

void warp_row(const uint8_t* rgb, int64_t stride, const int32_t* x, const int32_t* y, int64_t count, uint8_t* out) {
  const auto step = static_cast<int64_t>(hn::Lanes(Words()));
  HWY_ALIGN Gathered pixels;
  HWY_ALIGN int32_t last_x[16], last_y[16];
  for (int64_t i = 0; i < count; i += group, out += 3 * group) {
    const int64_t n = std::min(group, count - i);
    find_offsets(x + i, y + i, stride, n, pixels.offsets);
    gather(rgb, stride, n, pixels);
    int64_t k = 0;
    for (; k + step <= n; k += step) blend(x + i + k, y + i + k, k, pixels);
    if (k < n) {
      // Fewer than fill a vector: in its other lanes is what was there, and nothing takes it out again.
      std::copy(x + i + k, x + i + n, last_x);
      std::copy(y + i + k, y + i + n, last_y);
      blend(last_x, last_y, k, pixels);
    }
    // The fourth byte falls on the next pixel, which comes later; of the last pixel it is not written.
    for (k = 0; k + 1 < n; ++k) std::memcpy(out + 3 * k, pixels.blended + k, 4);
    std::memcpy(out + 3 * (n - 1), pixels.blended + (n - 1), 3);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace lafs::imaging::planes
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace lafs::imaging::planes {

HWY_EXPORT(warp_places);
HWY_EXPORT(warp_row);

void warp_places(const WarpRow& row, int64_t count, int32_t* x, int32_t* y) { HWY_DYNAMIC_DISPATCH(warp_places)(row, count, x, y); }
void warp_row(const uint8_t* rgb, int64_t stride, const int32_t* x, const int32_t* y, int64_t count, uint8_t* out) {
  HWY_DYNAMIC_DISPATCH(warp_row)(rgb, stride, x, y, count, out);
}

}  // namespace lafs::imaging::planes
#endif
