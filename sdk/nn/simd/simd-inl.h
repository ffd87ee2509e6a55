/// Tags of the vector code, and loads and stores of fp32 and bfloat16; included once for each vector unit, hence no ordinary guard.
#if defined(LAFS_SIMD_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef LAFS_SIMD_INL
#undef LAFS_SIMD_INL
#else
#define LAFS_SIMD_INL
#endif

#include <hwy/highway.h>

#include "nn/simd/fused_simd.h"

HWY_BEFORE_NAMESPACE();
namespace lafs::nn {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

using F = hn::ScalableTag<float>;
using I = hn::Repartition<int32_t, F>;
using U = hn::Repartition<uint32_t, F>;
using H = hn::Rebind<uint16_t, F>;
using Vec = hn::Vec<F>;

using One = hn::CappedTag<float, 1>;

/// `work` over all numbers: whole vectors, then one number at a time.
template <typename Work>
HWY_INLINE void each_number(int64_t count, const Work& work) {
  const auto lanes = static_cast<int64_t>(hn::Lanes(F()));
  int64_t k = 0;
  for (; k + lanes <= count; k += lanes) work(F(), k);
  for (; k < count; ++k) work(One(), k);
}

HWY_INLINE Vec load(const float* from) { return hn::LoadU(F(), from); }
HWY_INLINE Vec load(const BFloat* from) {
  const auto bits = hn::PromoteTo(I(), hn::LoadU(H(), reinterpret_cast<const uint16_t*>(from)));
  return hn::BitCast(F(), hn::ShiftLeft<16>(bits));
}

HWY_INLINE hn::Vec<U> rounded_bits(Vec v) {
  const U u;
  const auto bits = hn::BitCast(u, v);
  const auto odd = hn::And(hn::ShiftRight<16>(bits), hn::Set(u, 1));
  const auto nearest = hn::ShiftRight<16>(hn::Add(bits, hn::Add(odd, hn::Set(u, 0x7fff))));
  return hn::IfThenElse(hn::RebindMask(u, hn::IsNaN(v)), hn::Set(u, 0x7fc0), nearest);
}

HWY_INLINE void store(Vec v, float* to) { hn::StoreU(v, F(), to); }
HWY_INLINE void store(Vec v, BFloat* to) {
  hn::StoreU(hn::DemoteTo(H(), hn::BitCast(I(), rounded_bits(v))), H(), reinterpret_cast<uint16_t*>(to));
}

/// What is left of a value that passes through a tensor of this type.
template <typename T>
HWY_INLINE Vec through(Vec v) {
  if constexpr (sizeof(T) == sizeof(float)) {
    return v;
  } else {
    return hn::BitCast(F(), hn::ShiftLeft<16>(rounded_bits(v)));
  }
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace lafs::nn
HWY_AFTER_NAMESPACE();

#endif  // LAFS_SIMD_INL
