#include "imaging/transform_simd.h"

#include <cmath>

// Highway compiles this file once for each kind of machine and picks at run time.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "imaging/transform_simd.cpp"
#include <hwy/foreach_target.h>
// foreach_target.h comes first.
#include "imaging/planes_simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace lafs::imaging::planes {
namespace HWY_NAMESPACE {

using Doubles = hn::CappedTag<double, 8>;
using Double = hn::Vec<Doubles>;
using Halves = hn::Rebind<int32_t, Doubles>;
using Eighths = hn::Rebind<uint8_t, Doubles>;

HWY_INLINE Double load_doubles(const uint8_t* from) {
  return hn::PromoteTo(Doubles(), hn::PromoteTo(Halves(), hn::LoadU(Eighths(), from)));
}
HWY_INLINE void store_doubles(Double doubles, uint8_t* to) {
  const Doubles d;
  const Double clamped = hn::Min(hn::Max(doubles, hn::Zero(d)), hn::Set(d, 255));
  hn::StoreU(hn::DemoteTo(Eighths(), hn::DemoteTo(Halves(), clamped)), Eighths(), to);
}

void transform_places(const std::array<double, 6>& back, int64_t row, int64_t width, double* x, double* y) {
  const Doubles d;
  const auto step = static_cast<int64_t>(hn::Lanes(d));
  const double centre = static_cast<double>(row) + 0.5, down_x = back[1] * centre, down_y = back[4] * centre;
  const auto place = [&](Double at, size_t k, double down)
                         HWY_ATTR { return hn::Add(hn::Add(hn::Mul(hn::Set(d, back[k]), at), hn::Set(d, down)), hn::Set(d, back[k + 2])); };
  int64_t i = 0;
  for (; i + step <= width; i += step) {
    const Double at = hn::Iota(d, static_cast<double>(i) + 0.5);
    hn::StoreU(place(at, 0, down_x), d, x + i);
    hn::StoreU(place(at, 3, down_y), d, y + i);
  }
  for (; i < width; ++i) {
    const double at = static_cast<double>(i) + 0.5;
    x[i] = back[0] * at + down_x + back[2];
    y[i] = back[3] * at + down_y + back[5];
  }
}

void split_places(double* at, int64_t count, int32_t* whole) {
  const Doubles d;
  const Halves half;
  const auto step = static_cast<int64_t>(hn::Lanes(d));
  int64_t i = 0;
  for (; i + step <= count; i += step) {
    const Double v = hn::Sub(hn::LoadU(d, at + i), hn::Set(d, 0.5)), low = hn::Floor(v);
    hn::StoreU(hn::DemoteTo(half, low), half, whole + i);
    hn::StoreU(hn::Sub(v, low), d, at + i);
  }
  for (; i < count; ++i) {
    const double v = at[i] - 0.5;
    whole[i] = static_cast<int32_t>(std::floor(v));
    at[i] = v - static_cast<double>(whole[i]);
  }
}

HWY_INLINE Double between(Double a, Double b, Double rest) { return hn::Add(a, hn::Mul(hn::Sub(b, a), rest)); }

/// A cubic through v2 and v3 whose slopes there are v3 - v1 and v4 - v2; sums in the order of Pillow's.
HWY_INLINE Double cubic(Double v1, Double v2, Double v3, Double v4, Double rest) {
  const Double p2 = hn::Sub(v3, v1), difference = hn::Sub(v1, v2);
  const Double p3 = hn::Sub(hn::Add(hn::Add(difference, difference), v3), v4);
  const Double p4 = hn::Add(hn::Sub(hn::Sub(v2, v1), v3), v4);
  return hn::Add(v2, hn::Mul(rest, hn::Add(p2, hn::Mul(rest, hn::Add(p3, hn::Mul(rest, p4))))));
}

void bilinear_run(const TransformRun& run, uint8_t* out) {
  const Doubles d;
  const auto step = static_cast<int64_t>(hn::Lanes(d));
  for (int64_t i = 0; i < run.count; i += step) {
    const uint8_t *upper = run.first + i, *lower = upper + run.stride;
    const auto of = [&](const uint8_t* row) HWY_ATTR {
      return run.dx == nullptr ? load_doubles(row) : between(load_doubles(row), load_doubles(row + 1), hn::LoadU(d, run.dx + i));
    };
    store_doubles(run.dy == nullptr ? of(upper) : between(of(upper), of(lower), hn::LoadU(d, run.dy + i)), out + i);
  }
}

void bicubic_run(const TransformRun& run, uint8_t* out) {
  const Doubles d;
  const auto step = static_cast<int64_t>(hn::Lanes(d));
  for (int64_t i = 0; i < run.count; i += step) {
    const uint8_t* rows = run.first + i;
    const auto of = [&](int64_t k) HWY_ATTR {
      const uint8_t* row = rows + k * run.stride;
      if (run.dx == nullptr) return load_doubles(row + 1);
      const Double rest = hn::LoadU(d, run.dx + i);
      return cubic(load_doubles(row), load_doubles(row + 1), load_doubles(row + 2), load_doubles(row + 3), rest);
    };
    store_doubles(run.dy == nullptr ? of(1) : cubic(of(0), of(1), of(2), of(3), hn::LoadU(d, run.dy + i)), out + i);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace lafs::imaging::planes
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace lafs::imaging::planes {

HWY_EXPORT(transform_places);
HWY_EXPORT(split_places);
HWY_EXPORT(bilinear_run);
HWY_EXPORT(bicubic_run);

void transform_places(const std::array<double, 6>& back, int64_t row, int64_t width, double* x, double* y) {
  HWY_DYNAMIC_DISPATCH(transform_places)(back, row, width, x, y);
}
void split_places(double* at, int64_t count, int32_t* whole) { HWY_DYNAMIC_DISPATCH(split_places)(at, count, whole); }
void bilinear_run(const TransformRun& run, uint8_t* out) { HWY_DYNAMIC_DISPATCH(bilinear_run)(run, out); }
void bicubic_run(const TransformRun& run, uint8_t* out) { HWY_DYNAMIC_DISPATCH(bicubic_run)(run, out); }

}  // namespace lafs::imaging::planes
#endif
