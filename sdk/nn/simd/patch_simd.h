#pragma once
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

namespace lafs::nn {

/// Reads one patch of one picture, forward and backward. All p*p samples of a patch lie at the same fraction of a pixel, so a patch is
/// (p+1) x (p+1) pixels averaged with the same weights: first along x, then along y. Pictures are [C,S,S], a token [p,p,C].
/// P and C above 0 fix the patch and the channels for the compiler. Scratch memory is the object's own: one object a thread.
template <typename T, int64_t P = 0, int64_t C = 0>
class PatchKernel {
 public:
  /// `shift` is added to a landmark to get the place of the patch's first sample, pixel centres being integers.
  PatchKernel(int64_t size, int64_t channels, int64_t patch, bool transposed, double shift)
      : size_(size), channels_(channels), patch_(patch), transposed_(transposed), shift_(static_cast<T>(shift)) {
    for (auto* buffer : {&pixels_, &d_pixels_}) buffer->resize(static_cast<size_t>((p() + 1) * line()));
    for (auto* buffer : {&along_, &d_along_}) buffer->resize(static_cast<size_t>((p() + 1) * width()));
    for (auto* buffer : {&plain_, &sums_}) buffer->resize(static_cast<size_t>(p() * width()));
  }

  void read(const T* image, const T* landmark, T* token) {
    if (std::isnan(landmark[0]) || std::isnan(landmark[1])) {
      std::fill_n(token, p() * width(), std::numeric_limits<T>::quiet_NaN());
      return;
    }
    if (!locate(landmark)) {
      std::fill_n(token, p() * width(), T(0));
      return;
    }
    load(image);
    average();
    T* __restrict__ out = transposed_ ? plain_.data() : token;
    const T* __restrict__ in = along_.data(), low = low_y_, high = high_y_;
    for (int64_t k = 0; k < p() * width(); ++k) out[k] = low * in[k] + high * in[k + width()];
    if (transposed_) transpose(out, token);
  }

  /// Writes the landmark's gradient [2] and, unless `d_image` is null, adds to the picture's.
  void back(const T* image, const T* landmark, const T* d_token, T* d_landmark, T* d_image) {
    d_landmark[0] = d_landmark[1] = 0;
    if (std::isnan(landmark[0]) || std::isnan(landmark[1])) {
      d_landmark[0] = d_landmark[1] = std::numeric_limits<T>::quiet_NaN();
      return;
    }
    if (!locate(landmark)) return;
    load(image);
    average();
    const T* gradient = d_token;
    if (transposed_) {
      transpose(d_token, plain_.data());
      gradient = plain_.data();
    }
    d_landmark[1] = slope_y(gradient);
    spread_y(gradient);
    d_landmark[0] = slope_x();
    if (d_image) add_to(d_image);
  }

 private:
  int64_t p() const { return P > 0 ? P : patch_; }
  int64_t c() const { return C > 0 ? C : channels_; }
  int64_t width() const { return p() * c(); }
  int64_t line() const { return (p() + 1) * c(); }

  /// Whether a sample touches the picture; then where the patch's pixels begin and their weights.
  bool locate(const T* landmark) {
    const T x = landmark[0] + shift_, y = landmark[1] + shift_;
    const auto least = static_cast<T>(-p() - 1), most = static_cast<T>(size_);
    if (!(x > least && x < most && y > least && y < most)) return false;
    const T floor_x = std::floor(x), floor_y = std::floor(y);
    high_x_ = x - floor_x;
    high_y_ = y - floor_y;
    low_x_ = 1 - high_x_;
    low_y_ = 1 - high_y_;
    x_ = static_cast<int64_t>(floor_x);
    y_ = static_cast<int64_t>(floor_y);
    first_x_ = std::max<int64_t>(0, -x_);
    last_x_ = std::min<int64_t>(p() + 1, size_ - x_);
    first_y_ = std::max<int64_t>(0, -y_);
    last_y_ = std::min<int64_t>(p() + 1, size_ - y_);
    return true;
  }

  bool inside() const { return first_x_ == 0 && first_y_ == 0 && last_x_ == p() + 1 && last_y_ == p() + 1; }
  int64_t place(int64_t channel, int64_t y) const { return (channel * size_ + y_ + y) * size_ + x_; }

  /// The pixels [p+1,p+1,C], zeros where the picture ends.
  void load(const T* image) {
    T* __restrict__ out = pixels_.data();
    const bool whole = inside();
    if (!whole) std::fill(pixels_.begin(), pixels_.end(), T(0));
    const int64_t first = whole ? 0 : first_x_, last = whole ? p() + 1 : last_x_;
    for (int64_t y = first_y_; y < last_y_; ++y) {
      for (int64_t k = 0; k < c(); ++k) {
        const int64_t from = place(k, y);
        for (int64_t x = first; x < last; ++x) out[y * line() + x * c() + k] = image[from + x];
      }
    }
  }

  /// pixels [p+1,p+1,C] -> along [p+1,p,C]
  void average() {
    const T low = low_x_, high = high_x_;
    for (int64_t y = 0; y <= p(); ++y) {
      const T* __restrict__ in = pixels_.data() + y * line();
      T* __restrict__ out = along_.data() + y * width();
      for (int64_t k = 0; k < width(); ++k) out[k] = low * in[k] + high * in[k + c()];
    }
  }

  void transpose(const T* __restrict__ in, T* __restrict__ out) const {
    for (int64_t a = 0; a < p(); ++a) {
      for (int64_t b = 0; b < p(); ++b) {
        for (int64_t k = 0; k < c(); ++k) out[(b * p() + a) * c() + k] = in[(a * p() + b) * c() + k];
      }
    }
  }

  // Sums run over columns first: a sum of columns is vectorised without reordering, a sum in one variable is not.
  T sum_of_columns() const {
    T sum = 0;
    for (int64_t k = 0; k < width(); ++k) sum += sums_[k];
    return sum;
  }

  T slope_y(const T* gradient) {
    T* __restrict__ sums = sums_.data();
    std::fill_n(sums, width(), T(0));
    for (int64_t y = 0; y < p(); ++y) {
      const T* __restrict__ g = gradient + y * width(), * __restrict__ upper = along_.data() + y * width();
      for (int64_t k = 0; k < width(); ++k) sums[k] += g[k] * (upper[k + width()] - upper[k]);
    }
    return sum_of_columns();
  }

  /// gradient [p,p,C] -> d_along [p+1,p,C]
  void spread_y(const T* __restrict__ gradient) {
    T* __restrict__ out = d_along_.data();
    const T low = low_y_, high = high_y_;
    for (int64_t k = 0; k < width(); ++k) out[k] = low * gradient[k];
    for (int64_t k = width(); k < p() * width(); ++k) out[k] = low * gradient[k] + high * gradient[k - width()];
    for (int64_t k = p() * width(); k < (p() + 1) * width(); ++k) out[k] = high * gradient[k - width()];
  }

  T slope_x() {
    T* __restrict__ sums = sums_.data();
    std::fill_n(sums, width(), T(0));
    for (int64_t y = 0; y <= p(); ++y) {
      const T* __restrict__ g = d_along_.data() + y * width(), * __restrict__ in = pixels_.data() + y * line();
      for (int64_t k = 0; k < width(); ++k) sums[k] += g[k] * (in[k + c()] - in[k]);
    }
    return sum_of_columns();
  }

  void add_to(T* __restrict__ d_image) {
    std::fill(d_pixels_.begin(), d_pixels_.end(), T(0));
    const T low = low_x_, high = high_x_;
    for (int64_t y = first_y_; y < last_y_; ++y) {
      const T* __restrict__ g = d_along_.data() + y * width();
      T* __restrict__ out = d_pixels_.data() + y * line();
      for (int64_t k = 0; k < width(); ++k) out[k] += low * g[k];
      for (int64_t k = 0; k < width(); ++k) out[k + c()] += high * g[k];
      for (int64_t k = 0; k < c(); ++k) {
        const int64_t to = place(k, y);
        for (int64_t x = first_x_; x < last_x_; ++x) d_image[to + x] += out[x * c() + k];
      }
    }
  }

  int64_t size_, channels_, patch_;
  bool transposed_;
  T shift_;
  T low_x_ = 1, high_x_ = 0, low_y_ = 1, high_y_ = 0;
  int64_t x_ = 0, y_ = 0, first_x_ = 0, last_x_ = 0, first_y_ = 0, last_y_ = 0;
  std::vector<T> pixels_, d_pixels_, along_, d_along_, plain_, sums_;
};

}  // namespace lafs::nn
