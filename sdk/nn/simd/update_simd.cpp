#include "nn/simd/update_simd.h"

// The order matters: foreach_target compiles this file once for each vector unit.
// clang-format off
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "nn/simd/update_simd.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>
#include "nn/simd/simd-inl.h"
// clang-format on

HWY_BEFORE_NAMESPACE();
namespace lafs::nn {
namespace HWY_NAMESPACE {
namespace {

/// Four places at once: one stream of reads leaves a fifth of the memory's speed unused.
double square_sum_of(const float* x, int64_t count) {
  constexpr int64_t block = 1024;  // numbers of a place that are added up in fp32
  const F d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  const int64_t quarter = count / 4 / block * block;
  double sum = 0;
  for (int64_t first = 0; first < quarter; first += block) {
    Vec sums[4] = {hn::Zero(d), hn::Zero(d), hn::Zero(d), hn::Zero(d)};
    for (int64_t k = first; k < first + block; k += lanes) {
      for (int place = 0; place < 4; ++place) {
        const Vec v = hn::LoadU(d, x + place * quarter + k);
        sums[place] = hn::MulAdd(v, v, sums[place]);
      }
    }
    for (const Vec& part : sums) sum += static_cast<double>(hn::GetLane(hn::SumOfLanes(d, part)));
  }
  for (int64_t k = 4 * quarter; k < count; ++k) sum += static_cast<double>(x[k]) * static_cast<double>(x[k]);
  return sum;
}

void scale_by(float* x, int64_t count, float factor) {
  each_number(count, [=](auto d, int64_t k) { hn::StoreU(hn::Mul(hn::LoadU(d, x + k), hn::Set(d, factor)), d, x + k); });
}

void average_with(float* average, const float* value, int64_t count, float kept, float taken) {
  each_number(count, [=](auto d, int64_t k) {
    const auto new_part = hn::Mul(hn::LoadU(d, value + k), hn::Set(d, taken));
    hn::StoreU(hn::MulAdd(hn::LoadU(d, average + k), hn::Set(d, kept), new_part), d, average + k);
  });
}

void adamw_step(float* p, const float* g, float* m, float* v, int64_t count, const AdamWFactors& f) {
  each_number(count, [=](auto d, int64_t k) {
    const auto slope = hn::LoadU(d, g + k);
    const auto first = hn::LoadU(d, m + k), mean = hn::MulAdd(hn::Sub(slope, first), hn::Set(d, f.taken1), first);
    const auto square = hn::MulAdd(hn::Mul(slope, slope), hn::Set(d, f.taken2), hn::Mul(hn::LoadU(d, v + k), hn::Set(d, f.beta2)));
    hn::StoreU(mean, d, m + k);
    hn::StoreU(square, d, v + k);
    const auto length = hn::Add(hn::Div(hn::Sqrt(square), hn::Set(d, f.root)), hn::Set(d, f.eps));
    const auto kept = hn::Mul(hn::LoadU(d, p + k), hn::Set(d, f.kept));
    hn::StoreU(hn::NegMulAdd(hn::Div(mean, length), hn::Set(d, f.rate), kept), d, p + k);
  });
}

void momentum_step(float* p, const float* g, float* m, int64_t count, const MomentumFactors& f) {
  each_number(count, [=](auto d, int64_t k) {
    const auto value = hn::LoadU(d, p + k);
    const auto slope = hn::MulAdd(value, hn::Set(d, f.decay), hn::LoadU(d, g + k));
    auto direction = slope;
    if (m) {
      direction = hn::MulAdd(slope, hn::Set(d, f.taken), hn::Mul(hn::LoadU(d, m + k), hn::Set(d, f.momentum)));
      hn::StoreU(direction, d, m + k);
      if (f.ahead) direction = hn::MulAdd(direction, hn::Set(d, f.momentum), slope);
    }
    hn::StoreU(hn::NegMulAdd(direction, hn::Set(d, f.rate), value), d, p + k);
  });
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace lafs::nn
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace lafs::nn {

namespace {

HWY_EXPORT(square_sum_of);
HWY_EXPORT(scale_by);
HWY_EXPORT(average_with);
HWY_EXPORT(adamw_step);
HWY_EXPORT(momentum_step);

}  // namespace

double square_sum(const float* x, int64_t count) { return HWY_DYNAMIC_DISPATCH(square_sum_of)(x, count); }
void scale(float* x, int64_t count, float factor) { HWY_DYNAMIC_DISPATCH(scale_by)(x, count, factor); }
void average_in(float* average, const float* value, int64_t count, float kept, float taken) {
  HWY_DYNAMIC_DISPATCH(average_with)(average, value, count, kept, taken);
}
void adamw_update(float* p, const float* g, float* m, float* v, int64_t count, const AdamWFactors& factors) {
  HWY_DYNAMIC_DISPATCH(adamw_step)(p, g, m, v, count, factors);
}

void momentum_update(float* p, const float* g, float* m, int64_t count, const MomentumFactors& factors) {
  HWY_DYNAMIC_DISPATCH(momentum_step)(p, g, m, count, factors);
}

}  // namespace lafs::nn
#endif  // HWY_ONCE
