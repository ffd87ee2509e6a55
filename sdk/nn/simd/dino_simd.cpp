#include "nn/simd/dino_simd.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

// The order matters: foreach_target compiles this file once for each vector unit.
// clang-format off
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "nn/simd/dino_simd.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>
#include <hwy/contrib/math/math-inl.h>
#include "nn/simd/simd-inl.h"
// clang-format on

HWY_BEFORE_NAMESPACE();
namespace lafs::nn {
namespace HWY_NAMESPACE {
namespace {

constexpr float padding = -1e38f;  // below every logit, and 0 times it is 0
constexpr int64_t tile = 2048;     // logits a time: with those of three teachers still in the first-level cache

/// Widens [at, at + n) of a row, takes the centre off where there is one, divides, and fills up with `padding` to whole vectors.
template <typename T>
HWY_INLINE void scaled(const T* row, const float* center, float temperature, int64_t n, float* out) {
  const F f;
  const auto lanes = static_cast<int64_t>(hn::Lanes(f));
  const auto divisor = hn::Set(f, temperature);
  int64_t k = 0;
  for (; k + lanes <= n; k += lanes) {
    auto v = load(row + k);
    if (center) v = hn::Sub(v, hn::LoadU(f, center + k));
    hn::Store(hn::Div(v, divisor), f, out + k);
  }
  if (k == n) return;
  T last[HWY_MAX_BYTES / 4]{};
  std::copy(row + k, row + n, last);
  hn::Store(load(last), f, out + k);
  for (; k < n; ++k) out[k] = (center ? out[k] - center[k] : out[k]) / temperature;
  for (; k % lanes != 0; ++k) out[k] = padding;
}

/// Sum of exponentials of a stream of tiles below a running maximum.
struct OnlineSum {
  float top = -std::numeric_limits<float>::infinity();
  double sum = 0;

  /// Whole vectors. Highway's Exp makes 0 of a NaN, which must come through: it is added, times 0.
  HWY_INLINE void add(const float* v, int64_t n) {
    const F f;
    const auto lanes = static_cast<int64_t>(hn::Lanes(f));
    auto largest = hn::Load(f, v);
    for (int64_t k = lanes; k < n; k += lanes) largest = hn::Max(largest, hn::Load(f, v + k));
    const float here = std::max(top, hn::GetLane(hn::MaxOfLanes(f, largest)));
    if (here > top && sum > 0) sum *= std::exp(static_cast<double>(top) - here);
    top = here;
    const auto below = hn::Set(f, top);
    auto part = hn::Zero(f);
    for (int64_t k = 0; k < n; k += lanes) {
      const auto x = hn::Sub(hn::Load(f, v + k), below);
      part = hn::Add(part, hn::Add(hn::Exp(f, x), hn::Mul(x, hn::Zero(f))));
    }
    sum += hn::GetLane(hn::SumOfLanes(f, part));
  }

  RowSum row() const { return {top, static_cast<float>(1 / sum)}; }
  double log_sum() const { return top + std::log(sum); }
};

HWY_INLINE float dot(const float* a, const float* b, int64_t n) {
  const F f;
  const auto lanes = static_cast<int64_t>(hn::Lanes(f));
  auto part = hn::Zero(f);
  for (int64_t k = 0; k < n; k += lanes) {
    part = hn::Add(part, hn::Mul(hn::Load(f, a + k), hn::Load(f, b + k)));
  }
  return hn::GetLane(hn::SumOfLanes(f, part));
}

/// The row's distribution, 0 for the padding.
HWY_INLINE void probabilities(const float* v, RowSum sum, int64_t n, float* out) {
  const F f;
  const auto lanes = static_cast<int64_t>(hn::Lanes(f));
  for (int64_t k = 0; k < n; k += lanes) {
    const auto p = hn::Exp(f, hn::Sub(hn::Load(f, v + k), hn::Set(f, sum.top)));
    hn::Store(hn::Mul(p, hn::Set(f, sum.inverse)), f, out + k);
  }
}

HWY_INLINE void add_to(float* sum, const float* v, int64_t n) {
  const F f;
  const auto lanes = static_cast<int64_t>(hn::Lanes(f));
  for (int64_t k = 0; k < n; k += lanes) hn::Store(hn::Add(hn::Load(f, sum + k), hn::Load(f, v + k)), f, sum + k);
}

/// The teachers' distributions over a tile: `of(v)` is the sum of those that student view v learns from.
class Teachers {
 public:
  template <typename T>
  Teachers(const DinoImage<T>& image) : views_(image.teacher_views), buffer_(static_cast<size_t>((2 * views_ + 1) * tile + 16)) {
    base_ = buffer_.data();
    while (reinterpret_cast<uintptr_t>(base_) % 64 != 0) ++base_;
  }

  float* view(int64_t i) { return base_ + i * tile; }
  const float* of(int64_t v) const { return base_ + (views_ + std::min(v, views_)) * tile; }

  /// From the distributions in `view`.
  void sum_up(int64_t n) {
    for (int64_t v = 0; v <= views_; ++v) {
      float* sum = base_ + (views_ + v) * tile;
      std::fill_n(sum, tile, 0.0f);
      for (int64_t i = 0; i < views_; ++i) {
        if (i != v) add_to(sum, view(i), n);
      }
    }
  }

 private:
  int64_t views_;
  std::vector<float> buffer_;
  float* base_;
};

template <typename T>
HWY_INLINE void sum_teachers(const DinoImage<T>& image, RowSum* sums) {
  alignas(64) float row[tile + 16];
  for (int64_t i = 0; i < image.teacher_views; ++i) {
    OnlineSum sum;
    for (int64_t k = 0; k < image.width; k += tile) {
      const int64_t n = std::min(tile, image.width - k);
      scaled(image.teacher + i * image.stride + k, image.center + k, image.teacher_temperature, n, row);
      sum.add(row, n);
    }
    sums[i] = sum.row();
  }
}

/// Fills `teachers` from the logits [k, k + n) of the teacher's views; `row` is scratch.
template <typename T>
HWY_INLINE void teacher_tile(const DinoImage<T>& image, const RowSum* sums, int64_t k, int64_t n, float* row, Teachers& teachers) {
  for (int64_t i = 0; i < image.teacher_views; ++i) {
    scaled(image.teacher + i * image.stride + k, image.center + k, image.teacher_temperature, n, row);
    probabilities(row, sums[i], n, teachers.view(i));
  }
  teachers.sum_up(n);
}

template <typename T>
HWY_INLINE double forward(const DinoImage<T>& image, const DinoSums& sums) {
  alignas(64) float row[tile + 16];
  Teachers teachers(image);
  sum_teachers(image, sums.teacher);
  std::vector<OnlineSum> online(static_cast<size_t>(image.student_views));
  double products = 0;
  for (int64_t k = 0; k < image.width; k += tile) {
    const int64_t n = std::min(tile, image.width - k);
    teacher_tile(image, sums.teacher, k, n, row, teachers);
    for (int64_t v = 0; v < image.student_views; ++v) {
      scaled(image.student + v * image.stride + k, nullptr, image.student_temperature, n, row);
      online[static_cast<size_t>(v)].add(row, n);
      products += dot(teachers.of(v), row, n);
    }
  }
  double loss = -products;
  for (int64_t v = 0; v < image.student_views; ++v) {
    const OnlineSum& sum = online[static_cast<size_t>(v)];
    sums.student[v] = sum.row();
    loss += static_cast<double>(image.teacher_views - (v < image.teacher_views ? 1 : 0)) * sum.log_sum();
  }
  // A teacher that is not finite shows.
  for (int64_t i = 0; i < image.teacher_views; ++i) loss += 0.0 * sums.teacher[i].inverse;
  return loss;
}

/// factor (weight p - target)
template <typename T>
HWY_INLINE void gradient_of(const float* v, const float* target, RowSum sum, float weight, float factor, int64_t n, T* out) {
  const F f;
  const auto lanes = static_cast<int64_t>(hn::Lanes(f));
  for (int64_t k = 0; k < n; k += lanes) {
    const auto p = hn::Exp(f, hn::Sub(hn::Load(f, v + k), hn::Set(f, sum.top)));
    const auto g = hn::Mul(hn::Set(f, factor), hn::Sub(hn::Mul(hn::Set(f, weight * sum.inverse), p), hn::Load(f, target + k)));
    if (k + lanes <= n) {
      store(g, out + k);
    } else {
      T last[HWY_MAX_BYTES / 4];
      store(g, last);
      std::copy(last, last + (n - k), out + k);
    }
  }
}

template <typename T>
HWY_INLINE void backward(const DinoImage<T>& image, const DinoSums& sums, float factor, T* gradient) {
  alignas(64) float row[tile + 16];
  Teachers teachers(image);
  for (int64_t k = 0; k < image.width; k += tile) {
    const int64_t n = std::min(tile, image.width - k);
    teacher_tile(image, sums.teacher, k, n, row, teachers);
    for (int64_t v = 0; v < image.student_views; ++v) {
      scaled(image.student + v * image.stride + k, nullptr, image.student_temperature, n, row);
      const auto weight = static_cast<float>(image.teacher_views - (v < image.teacher_views ? 1 : 0));
      gradient_of(row, teachers.of(v), sums.student[v], weight, factor / image.student_temperature, n, gradient + v * image.stride + k);
    }
  }
}

double forward_f(const DinoImage<float>& image, const DinoSums& sums) { return forward(image, sums); }
double forward_h(const DinoImage<BFloat>& image, const DinoSums& sums) { return forward(image, sums); }
void backward_f(const DinoImage<float>& image, const DinoSums& sums, float factor, float* out) { backward(image, sums, factor, out); }
void backward_h(const DinoImage<BFloat>& image, const DinoSums& sums, float factor, BFloat* out) { backward(image, sums, factor, out); }

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace lafs::nn
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace lafs::nn {

namespace {

HWY_EXPORT(forward_f);
HWY_EXPORT(forward_h);
HWY_EXPORT(backward_f);
HWY_EXPORT(backward_h);

}  // namespace

double dino_image_forward(const DinoImage<float>& image, const DinoSums& sums) { return HWY_DYNAMIC_DISPATCH(forward_f)(image, sums); }
double dino_image_forward(const DinoImage<BFloat>& image, const DinoSums& sums) { return HWY_DYNAMIC_DISPATCH(forward_h)(image, sums); }
void dino_image_backward(const DinoImage<float>& image, const DinoSums& sums, float factor, float* gradient) {
  HWY_DYNAMIC_DISPATCH(backward_f)(image, sums, factor, gradient);
}
void dino_image_backward(const DinoImage<BFloat>& image, const DinoSums& sums, float factor, BFloat* gradient) {
  HWY_DYNAMIC_DISPATCH(backward_h)(image, sums, factor, gradient);
}

}  // namespace lafs::nn
#endif  // HWY_ONCE
