// Vector types that the planes_*_simd.cpp files share. Highway includes it once for each kind of machine, hence no #pragma once.
#if defined(LAFS_IMAGING_PLANES_SIMD_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef LAFS_IMAGING_PLANES_SIMD_INL_H
#undef LAFS_IMAGING_PLANES_SIMD_INL_H
#else
#define LAFS_IMAGING_PLANES_SIMD_INL_H
#endif

#include <hwy/highway.h>

#include <cstdint>

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

}  // namespace HWY_NAMESPACE
}  // namespace lafs::imaging::planes
HWY_AFTER_NAMESPACE();

#endif
