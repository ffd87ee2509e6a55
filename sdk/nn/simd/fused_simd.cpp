#include "nn/simd/fused_simd.h"

#include <algorithm>

// The order matters: foreach_target compiles this file once for each vector unit.
// clang-format off
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "nn/simd/fused_simd.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>
#include <hwy/contrib/math/math-inl.h>
#include "nn/simd/simd-inl.h"
// clang-format on

HWY_BEFORE_NAMESPACE();
namespace lafs::nn {
namespace HWY_NAMESPACE {
namespace {

constexpr int64_t chunk = 2048;  // elements whose bits wait in the first-level cache
constexpr int64_t slack = 256;   // two blocks of 8 elements a lane, 16 lanes at most

struct Words {
  hn::Vec<U> a, b, c, d;
};

/// Philox4x32 multiplies even and odd lanes apart: no vector unit has the high half of 32 x 32 bits for all lanes.
HWY_INLINE void multiply(hn::Vec<U> x, hn::Vec<U> by, hn::Vec<U>& high, hn::Vec<U>& low) {
  const U u;
#if HWY_TARGET == HWY_SCALAR
  const uint64_t product = static_cast<uint64_t>(hn::GetLane(x)) * hn::GetLane(by);
  high = hn::Set(u, static_cast<uint32_t>(product >> 32));
  low = hn::Set(u, static_cast<uint32_t>(product));
#else
  const hn::Repartition<uint64_t, F> l;
  const auto even = hn::MulEven(x, by);
  const auto odd = hn::MulEven(hn::BitCast(u, hn::ShiftRight<32>(hn::BitCast(l, x))), by);
  high = hn::OddEven(hn::BitCast(u, odd), hn::BitCast(u, hn::ShiftRight<32>(even)));
  low = hn::OddEven(hn::BitCast(u, hn::ShiftLeft<32>(odd)), hn::BitCast(u, even));
#endif
}

HWY_INLINE void philox_round(Words& w, uint32_t key0, uint32_t key1) {
  const U u;
  hn::Vec<U> high_a, low_a, high_c, low_c;
  multiply(w.a, hn::Set(u, 0xD2511F53u), high_a, low_a);
  multiply(w.c, hn::Set(u, 0xCD9E8D57u), high_c, low_c);
  w.a = hn::Xor(hn::Xor(high_c, w.b), hn::Set(u, key0));
  w.c = hn::Xor(hn::Xor(high_a, w.d), hn::Set(u, key1));
  w.b = low_c;
  w.d = low_a;
}

/// Bits of 8 elements from each block on; writes up to `slack` elements more than asked.
HWY_INLINE void fill(uint64_t key, uint64_t block, int64_t elements, uint16_t* out) {
  const U u;
  const auto lanes = static_cast<int64_t>(hn::Lanes(u));
  for (int64_t done = 0; done < elements; done += 16 * lanes, block += static_cast<uint64_t>(2 * lanes)) {
    // A row has below 2^35 elements, so that the counter's upper words stay 0.
    Words first{hn::Iota(u, static_cast<uint32_t>(block)), hn::Zero(u), hn::Zero(u), hn::Zero(u)};
    Words second{hn::Iota(u, static_cast<uint32_t>(block + static_cast<uint64_t>(lanes))), hn::Zero(u), hn::Zero(u), hn::Zero(u)};
    uint32_t key0 = static_cast<uint32_t>(key), key1 = static_cast<uint32_t>(key >> 32);
    for (int round = 0; round < 10; ++round) {
      philox_round(first, key0, key1);
      philox_round(second, key0, key1);
      key0 += 0x9E3779B9u;
      key1 += 0xBB67AE85u;
    }
    auto* words = reinterpret_cast<uint32_t*>(out + done);
    hn::StoreInterleaved4(first.a, first.b, first.c, first.d, u, words);
    hn::StoreInterleaved4(second.a, second.b, second.c, second.d, u, words + 4 * lanes);
  }
}

HWY_INLINE Vec dropped(Vec v, const uint16_t* bits, const RowMask& mask) {
  const auto drawn = hn::PromoteTo(I(), hn::LoadU(H(), bits));
  const auto kept = hn::Lt(drawn, hn::Set(I(), static_cast<int32_t>(mask.threshold)));
  return hn::Mul(v, hn::IfThenElseZero(hn::RebindMask(F(), kept), hn::Set(F(), mask.scale)));
}

struct Phi {
  Vec phi, gauss;  ///< the normal distribution function, and exp(-x^2 / 2)
};

/// Phi(-|x|) = exp(-x^2/2) t p(t), t = 1/(1 + 0.2121 |x|): a minimax fit of relative error 2e-8 (fp32 rounding adds 5e-7).
HWY_INLINE Phi distribution(Vec x) {
  const F f;
  const auto size = hn::Abs(x);
  const auto gauss = hn::Exp(f, hn::Mul(hn::Mul(x, x), hn::Set(f, -0.5f)));
  const auto t = hn::Div(hn::Set(f, 1), hn::Add(hn::Set(f, 1), hn::Mul(size, hn::Set(f, 0.21213203435596423f))));
  auto sum = hn::Set(f, -6.470344255e-02f);
  for (const float c : {2.424766638e-01f, -2.554517159e-01f, 2.729936556e-01f, -4.665843362e-02f, 1.071424419e-01f, 7.426341555e-02f,
                        8.534234705e-02f, 8.459505845e-02f}) {
    sum = hn::Add(hn::Mul(sum, t), hn::Set(f, c));
  }
  const auto tail = hn::Mul(hn::Mul(sum, t), gauss);
  return {hn::IfThenElse(hn::Lt(x, hn::Zero(f)), tail, hn::Sub(hn::Set(f, 1), tail)), gauss};
}

template <typename Branch>
struct DropAdd {
  RowMask mask;
  RowPath path;
  HWY_INLINE Vec operator()(const uint16_t* bits, Vec branch, Vec residual) const {
    if (mask.on) branch = through<Branch>(dropped(branch, bits, mask));
    if (path.on) branch = through<Branch>(hn::Mul(branch, hn::Set(F(), path.scale)));
    return hn::Add(branch, residual);
  }
};

template <typename Branch>
struct DropAddBack {
  RowMask mask;
  RowPath path;
  HWY_INLINE Vec operator()(const uint16_t* bits, Vec gradient, Vec) const {
    gradient = through<Branch>(gradient);
    if (path.on) gradient = through<Branch>(hn::Mul(gradient, hn::Set(F(), path.scale)));
    return mask.on ? dropped(gradient, bits, mask) : gradient;
  }
};

template <typename T>
struct GeluDrop {
  RowMask mask;
  HWY_INLINE Vec operator()(const uint16_t* bits, Vec x, Vec) const {
    // Below -13 the factor is 0 in fp32, and infinity must not meet it.
    const auto y = hn::Mul(hn::Max(x, hn::Set(F(), -20)), distribution(x).phi);
    return mask.on ? dropped(through<T>(y), bits, mask) : y;
  }
};

template <typename T>
struct GeluDropBack {
  RowMask mask;
  HWY_INLINE Vec operator()(const uint16_t* bits, Vec x, Vec gradient) const {
    if (mask.on) gradient = through<T>(dropped(gradient, bits, mask));
    const Phi at = distribution(x);
    const auto bounded = hn::Min(hn::Max(x, hn::Set(F(), -20)), hn::Set(F(), 20));
    const auto slope = hn::Add(at.phi, hn::Mul(bounded, hn::Mul(at.gauss, hn::Set(F(), 0.3989422804014327f))));
    return hn::Mul(gradient, slope);
  }
};

/// out = op(bits, a, b), lane by lane; the last lanes go through buffers.
template <typename A, typename B, typename Out, typename Op>
HWY_INLINE void each(const A* a, const B* b, Out* out, int64_t first, int64_t count, const RowMask& mask, Op op) {
  alignas(64) uint16_t bits[chunk + slack];
  const auto lanes = static_cast<int64_t>(hn::Lanes(F()));
  for (int64_t start = 0; start < count; start += chunk) {
    const int64_t end = std::min(count, start + chunk);
    if (mask.on) fill(mask.key, static_cast<uint64_t>(first + start) / 8, end - start, bits);
    int64_t i = start;
    for (; i + lanes <= end; i += lanes) store(op(bits + (i - start), load(a + i), load(b + i)), out + i);
    if (i == end) continue;
    A last_a[HWY_MAX_BYTES / 4]{};
    B last_b[HWY_MAX_BYTES / 4]{};
    Out last[HWY_MAX_BYTES / 4];
    if (!mask.on) std::fill_n(bits + (i - start), lanes, uint16_t{0});
    std::copy(a + i, a + end, last_a);
    std::copy(b + i, b + end, last_b);
    store(op(bits + (i - start), load(last_a), load(last_b)), last);
    std::copy(last, last + (end - i), out + i);
  }
}

void bits_of(uint64_t key, int64_t first, int64_t count, uint16_t* out) {
  alignas(64) uint16_t bits[chunk + slack];
  for (int64_t start = 0; start < count; start += chunk) {
    const int64_t n = std::min(count - start, chunk);
    fill(key, static_cast<uint64_t>(first + start) / 8, n, bits);
    std::copy(bits, bits + n, out + start);
  }
}

void add_fff(const float* a, const float* r, float* out, int64_t first, int64_t count, RowMask mask, RowPath path) {
  each(a, r, out, first, count, mask, DropAdd<float>{mask, path});
}
void add_hff(const BFloat* a, const float* r, float* out, int64_t first, int64_t count, RowMask mask, RowPath path) {
  each(a, r, out, first, count, mask, DropAdd<BFloat>{mask, path});
}
void add_hhh(const BFloat* a, const BFloat* r, BFloat* out, int64_t first, int64_t count, RowMask mask, RowPath path) {
  each(a, r, out, first, count, mask, DropAdd<BFloat>{mask, path});
}
void back_ff(const float* g, float* out, int64_t first, int64_t count, RowMask mask, RowPath path) {
  each(g, g, out, first, count, mask, DropAddBack<float>{mask, path});
}
void back_fh(const float* g, BFloat* out, int64_t first, int64_t count, RowMask mask, RowPath path) {
  each(g, g, out, first, count, mask, DropAddBack<BFloat>{mask, path});
}
void back_hh(const BFloat* g, BFloat* out, int64_t first, int64_t count, RowMask mask, RowPath path) {
  each(g, g, out, first, count, mask, DropAddBack<BFloat>{mask, path});
}
void gelu_f(const float* x, float* out, int64_t first, int64_t count, RowMask mask) {
  each(x, x, out, first, count, mask, GeluDrop<float>{mask});
}
void gelu_h(const BFloat* x, BFloat* out, int64_t first, int64_t count, RowMask mask) {
  each(x, x, out, first, count, mask, GeluDrop<BFloat>{mask});
}
void gelu_back_f(const float* x, const float* g, float* out, int64_t first, int64_t count, RowMask mask) {
  each(x, g, out, first, count, mask, GeluDropBack<float>{mask});
}
void gelu_back_h(const BFloat* x, const BFloat* g, BFloat* out, int64_t first, int64_t count, RowMask mask) {
  each(x, g, out, first, count, mask, GeluDropBack<BFloat>{mask});
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace lafs::nn
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace lafs::nn {

namespace {

HWY_EXPORT(bits_of);
HWY_EXPORT(add_fff);
HWY_EXPORT(add_hff);
HWY_EXPORT(add_hhh);
HWY_EXPORT(back_ff);
HWY_EXPORT(back_fh);
HWY_EXPORT(back_hh);
HWY_EXPORT(gelu_f);
HWY_EXPORT(gelu_h);
HWY_EXPORT(gelu_back_f);
HWY_EXPORT(gelu_back_h);

}  // namespace

void mask_bits(uint64_t key, int64_t first, int64_t count, uint16_t* out) { HWY_DYNAMIC_DISPATCH(bits_of)(key, first, count, out); }

void drop_add_forward(const float* branch, const float* residual, float* out, int64_t first, int64_t count, RowMask mask, RowPath path) {
  HWY_DYNAMIC_DISPATCH(add_fff)(branch, residual, out, first, count, mask, path);
}
void drop_add_forward(const BFloat* branch, const float* residual, float* out, int64_t first, int64_t count, RowMask mask, RowPath path) {
  HWY_DYNAMIC_DISPATCH(add_hff)(branch, residual, out, first, count, mask, path);
}
void drop_add_forward(const BFloat* branch, const BFloat* residual, BFloat* out, int64_t first, int64_t count, RowMask mask, RowPath path) {
  HWY_DYNAMIC_DISPATCH(add_hhh)(branch, residual, out, first, count, mask, path);
}
void drop_add_backward(const float* gradient, float* out, int64_t first, int64_t count, RowMask mask, RowPath path) {
  HWY_DYNAMIC_DISPATCH(back_ff)(gradient, out, first, count, mask, path);
}
void drop_add_backward(const float* gradient, BFloat* out, int64_t first, int64_t count, RowMask mask, RowPath path) {
  HWY_DYNAMIC_DISPATCH(back_fh)(gradient, out, first, count, mask, path);
}
void drop_add_backward(const BFloat* gradient, BFloat* out, int64_t first, int64_t count, RowMask mask, RowPath path) {
  HWY_DYNAMIC_DISPATCH(back_hh)(gradient, out, first, count, mask, path);
}
void gelu_drop_forward(const float* x, float* out, int64_t first, int64_t count, RowMask mask) {
  HWY_DYNAMIC_DISPATCH(gelu_f)(x, out, first, count, mask);
}
void gelu_drop_forward(const BFloat* x, BFloat* out, int64_t first, int64_t count, RowMask mask) {
  HWY_DYNAMIC_DISPATCH(gelu_h)(x, out, first, count, mask);
}
void gelu_drop_backward(const float* x, const float* gradient, float* out, int64_t first, int64_t count, RowMask mask) {
  HWY_DYNAMIC_DISPATCH(gelu_back_f)(x, gradient, out, first, count, mask);
}
void gelu_drop_backward(const BFloat* x, const BFloat* gradient, BFloat* out, int64_t first, int64_t count, RowMask mask) {
  HWY_DYNAMIC_DISPATCH(gelu_back_h)(x, gradient, out, first, count, mask);
}

}  // namespace lafs::nn
#endif  // HWY_ONCE
