#include "nn/simd/class_simd.h"

#include <algorithm>
#include <cmath>
#include <type_traits>

// The order matters: foreach_target compiles this file once for each vector unit.
// clang-format off
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "nn/simd/class_simd.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>
#include <hwy/contrib/math/math-inl.h>
#include "nn/simd/simd-inl.h"
// clang-format on

HWY_BEFORE_NAMESPACE();
namespace lafs::nn {
namespace HWY_NAMESPACE {
namespace {

template <typename D, typename V>
HWY_INLINE V within(D d, V c, float limit) {
  return hn::Max(hn::Min(c, hn::Set(d, limit)), hn::Set(d, -limit));
}

float largest_of(const float* cosines, int64_t count, float limit) {
  const F f;
  Vec vectors = hn::Set(f, cosines[0]);
  auto rest = hn::Set(One(), cosines[0]);
  each_number(count, [&](auto d, int64_t k) {
    if constexpr (std::is_same_v<decltype(d), F>) {
      vectors = hn::Max(vectors, hn::LoadU(d, cosines + k));
    } else {
      rest = hn::Max(rest, hn::LoadU(d, cosines + k));
    }
  });
  return std::min(limit, std::max(-limit, std::max(hn::GetLane(hn::MaxOfLanes(f, vectors)), hn::GetLane(rest))));
}

ExpSum exp_sum_of(const float* cosines, int64_t count, float scale, float limit) {
  const float top = largest_of(cosines, count, limit);
  Vec vectors = hn::Zero(F());
  auto rest = hn::Zero(One());
  // Highway's Exp makes 0 of a NaN, which must come through: it is added, times 0.
  each_number(count, [&](auto d, int64_t k) {
    const auto c = hn::LoadU(d, cosines + k);
    const auto power = hn::Exp(d, hn::Mul(hn::Set(d, scale), hn::Sub(within(d, c, limit), hn::Set(d, top))));
    const auto part = hn::Add(power, hn::Mul(c, hn::Zero(d)));
    if constexpr (std::is_same_v<decltype(d), F>) {
      vectors = hn::Add(vectors, part);
    } else {
      rest = hn::Add(rest, part);
    }
  });
  return {top, static_cast<double>(hn::GetLane(hn::SumOfLanes(F(), vectors))) + static_cast<double>(hn::GetLane(rest))};
}

void exp_slopes_of(const float* cosines, int64_t count, float scale, float limit, float lse, float factor, float* out) {
  each_number(count, [=](auto d, int64_t k) {
    const auto c = hn::LoadU(d, cosines + k);
    const auto p = hn::Exp(d, hn::Sub(hn::Mul(hn::Set(d, scale), within(d, c, limit)), hn::Set(d, lse)));
    const auto slope = hn::IfThenZeroElse(hn::Gt(hn::Abs(c), hn::Set(d, limit)), hn::Mul(hn::Set(d, factor), p));
    hn::StoreU(hn::Add(slope, hn::Mul(c, hn::Zero(d))), d, out + k);
  });
}

void multiply_by(float* x, const float* y, int64_t count) {
  each_number(count, [=](auto d, int64_t k) { hn::StoreU(hn::Mul(hn::LoadU(d, x + k), hn::LoadU(d, y + k)), d, x + k); });
}

void add_products_of(float* sum, const float* x, const float* y, int64_t count) {
  each_number(count, [=](auto d, int64_t k) {
    hn::StoreU(hn::MulAdd(hn::LoadU(d, x + k), hn::LoadU(d, y + k), hn::LoadU(d, sum + k)), d, sum + k);
  });
}

void subtract_times(float* x, const float* y, int64_t count, float factor) {
  each_number(
      count, [=](auto d, int64_t k) { hn::StoreU(hn::NegMulAdd(hn::LoadU(d, y + k), hn::Set(d, factor), hn::LoadU(d, x + k)), d, x + k); });
}

/// Four sums at once: one would wait for itself.
float row_squares_of(const float* x, int64_t count) {
  const F f;
  const auto lanes = static_cast<int64_t>(hn::Lanes(f));
  Vec sums[4] = {hn::Zero(f), hn::Zero(f), hn::Zero(f), hn::Zero(f)};
  int64_t k = 0;
  for (; k + 4 * lanes <= count; k += 4 * lanes) {
    for (int64_t place = 0; place < 4; ++place) {
      const Vec v = hn::LoadU(f, x + k + place * lanes);
      sums[place] = hn::MulAdd(v, v, sums[place]);
    }
  }
  for (; k + lanes <= count; k += lanes) sums[0] = hn::MulAdd(hn::LoadU(f, x + k), hn::LoadU(f, x + k), sums[0]);
  float rest = 0;
  for (; k < count; ++k) rest += x[k] * x[k];
  return rest + hn::GetLane(hn::SumOfLanes(f, hn::Add(hn::Add(sums[0], sums[1]), hn::Add(sums[2], sums[3]))));
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace lafs::nn
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace lafs::nn {

namespace {

HWY_EXPORT(exp_sum_of);
HWY_EXPORT(exp_slopes_of);
HWY_EXPORT(multiply_by);
HWY_EXPORT(add_products_of);
HWY_EXPORT(subtract_times);
HWY_EXPORT(row_squares_of);

}  // namespace

ExpSum exp_sum(const float* cosines, int64_t count, float scale, float limit) {
  return HWY_DYNAMIC_DISPATCH(exp_sum_of)(cosines, count, scale, limit);
}
void exp_slopes(const float* cosines, int64_t count, float scale, float limit, float lse, float factor, float* out) {
  HWY_DYNAMIC_DISPATCH(exp_slopes_of)(cosines, count, scale, limit, lse, factor, out);
}
void multiply(float* x, const float* y, int64_t count) { HWY_DYNAMIC_DISPATCH(multiply_by)(x, y, count); }
void add_products(float* sum, const float* x, const float* y, int64_t count) { HWY_DYNAMIC_DISPATCH(add_products_of)(sum, x, y, count); }
void subtract(float* x, const float* y, int64_t count, float factor) { HWY_DYNAMIC_DISPATCH(subtract_times)(x, y, count, factor); }
float row_squares(const float* x, int64_t count) { return HWY_DYNAMIC_DISPATCH(row_squares_of)(x, count); }
}  // namespace lafs::nn
#endif  // HWY_ONCE
