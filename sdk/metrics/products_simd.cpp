#include "metrics/products_simd.h"

// The order matters: foreach_target compiles this file once for each vector unit.
// clang-format off
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "metrics/products_simd.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>
// clang-format on

HWY_BEFORE_NAMESPACE();
namespace lafs::metrics {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

using F = hn::ScalableTag<float>;
using D = hn::ScalableTag<double>;

int64_t columns_here() { return 2 * static_cast<int64_t>(hn::Lanes(F())); }

/// Six rows by two vectors: twelve sums stay in registers.
uint32_t tile_here(const float* HWY_RESTRICT rows, const float* HWY_RESTRICT columns, int64_t width, const float* HWY_RESTRICT bounds,
                   float* HWY_RESTRICT products) {
  const F f;
  const auto lanes = static_cast<int64_t>(hn::Lanes(f));
  auto a0 = hn::Zero(f), a1 = a0, b0 = a0, b1 = a0, c0 = a0, c1 = a0, d0 = a0, d1 = a0, e0 = a0, e1 = a0, g0 = a0, g1 = a0;
  for (int64_t k = 0; k < width; ++k) {
    const auto left = hn::LoadU(f, columns), right = hn::LoadU(f, columns + lanes);
    // One row at a time: more would not fit into the sixteen registers of AVX2.
    const auto row0 = hn::Set(f, rows[0]);
    a0 = hn::MulAdd(row0, left, a0), a1 = hn::MulAdd(row0, right, a1);
    const auto row1 = hn::Set(f, rows[1]);
    b0 = hn::MulAdd(row1, left, b0), b1 = hn::MulAdd(row1, right, b1);
    const auto row2 = hn::Set(f, rows[2]);
    c0 = hn::MulAdd(row2, left, c0), c1 = hn::MulAdd(row2, right, c1);
    const auto row3 = hn::Set(f, rows[3]);
    d0 = hn::MulAdd(row3, left, d0), d1 = hn::MulAdd(row3, right, d1);
    const auto row4 = hn::Set(f, rows[4]);
    e0 = hn::MulAdd(row4, left, e0), e1 = hn::MulAdd(row4, right, e1);
    const auto row5 = hn::Set(f, rows[5]);
    g0 = hn::MulAdd(row5, left, g0), g1 = hn::MulAdd(row5, right, g1);
    rows += tile_rows;
    columns += 2 * lanes;
  }
  uint32_t reached = 0;
  const auto look = [&](int row, auto left, auto right) HWY_ATTR {
    const auto bound = hn::Set(f, bounds[row]);
    if (!hn::AllFalse(f, hn::Or(hn::Ge(left, bound), hn::Ge(right, bound)))) reached |= 1u << row;
  };
  look(0, a0, a1), look(1, b0, b1), look(2, c0, c1), look(3, d0, d1), look(4, e0, e1), look(5, g0, g1);
  if (reached == 0) return 0;
  const auto keep = [&](int row, auto left, auto right) HWY_ATTR {
    hn::StoreU(left, f, products + row * 2 * lanes);
    hn::StoreU(right, f, products + (row * 2 + 1) * lanes);
  };
  keep(0, a0, a1), keep(1, b0, b1), keep(2, c0, c1), keep(3, d0, d1), keep(4, e0, e1), keep(5, g0, g1);
  return reached;
}

/// The sum over k of term(vector tag, k): four sums side by side, then what is left over.
template <typename Term>
HWY_INLINE double summed(int64_t width, const Term& term) {
  const D d;
  const hn::CappedTag<double, 1> one;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  auto s0 = hn::Zero(d), s1 = s0, s2 = s0, s3 = s0;
  int64_t k = 0;
  for (; k + 4 * lanes <= width; k += 4 * lanes) {
    s0 = term(d, k, s0), s1 = term(d, k + lanes, s1), s2 = term(d, k + 2 * lanes, s2), s3 = term(d, k + 3 * lanes, s3);
  }
  for (; k + lanes <= width; k += lanes) s0 = term(d, k, s0);
  double sum = hn::GetLane(hn::SumOfLanes(d, hn::Add(hn::Add(s0, s1), hn::Add(s2, s3))));
  for (; k < width; ++k) sum += hn::GetLane(term(one, k, hn::Zero(one)));
  return sum;
}

double product_here(const double* a, const double* b, int64_t width) {
  return summed(width, [=](auto d, int64_t k, auto sum) HWY_ATTR { return hn::MulAdd(hn::LoadU(d, a + k), hn::LoadU(d, b + k), sum); });
}

double distance_here(const double* a, const double* b, int64_t width) {
  return summed(width, [=](auto d, int64_t k, auto sum) HWY_ATTR {
    const auto difference = hn::Sub(hn::LoadU(d, a + k), hn::LoadU(d, b + k));
    return hn::MulAdd(difference, difference, sum);
  });
}

void add_here(const double* row, double factor, int64_t width, double* to) {
  const D d;
  const hn::CappedTag<double, 1> one;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  const auto add = [=](auto tag, int64_t k) HWY_ATTR {
    hn::StoreU(hn::MulAdd(hn::LoadU(tag, row + k), hn::Set(tag, factor), hn::LoadU(tag, to + k)), tag, to + k);
  };
  int64_t k = 0;
  for (; k + lanes <= width; k += lanes) add(d, k);
  for (; k < width; ++k) add(one, k);
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace lafs::metrics
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace lafs::metrics {

namespace {

HWY_EXPORT(columns_here);
HWY_EXPORT(tile_here);
HWY_EXPORT(product_here);
HWY_EXPORT(distance_here);
HWY_EXPORT(add_here);

}  // namespace

int64_t tile_columns() { return HWY_DYNAMIC_DISPATCH(columns_here)(); }

void pack_rows(const double* rows, int64_t count, int64_t width, int64_t side, float* to) {
  for (int64_t k = 0; k < width; ++k) {
    for (int64_t r = 0; r < count; ++r) to[k * side + r] = static_cast<float>(rows[r * width + k]);
    for (int64_t r = count; r < side; ++r) to[k * side + r] = 0;
  }
}

uint32_t product_tile(const float* rows, const float* columns, int64_t width, const float* bounds, float* products) {
  return HWY_DYNAMIC_DISPATCH(tile_here)(rows, columns, width, bounds, products);
}
double exact_product(const double* a, const double* b, int64_t width) { return HWY_DYNAMIC_DISPATCH(product_here)(a, b, width); }
double exact_distance(const double* a, const double* b, int64_t width) { return HWY_DYNAMIC_DISPATCH(distance_here)(a, b, width); }
void add_scaled(const double* row, double factor, int64_t width, double* to) { HWY_DYNAMIC_DISPATCH(add_here)(row, factor, width, to); }

}  // namespace lafs::metrics
#endif  // HWY_ONCE
