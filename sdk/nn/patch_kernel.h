#pragma once
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

namespace lafs {

/// Reads one patch of one picture, forward and backward. All p*p samples of a patch lie at the same fraction of a pixel, so a patch is
/// (p+1) x (p+1) pixels averaged with the same weights: first along x, then along y. Pictures are [S,S,C], a token [p,p,C].
/// Scratch memory is the object's own: one object a thread.
template <typename T>
class PatchKernel {
 public:
  /// `shift` is added to a landmark to get the place of the patch's first sample, pixel centres being integers.
  PatchKernel(int64_t size, int64_t channels, int64_t patch, bool transposed, double shift)
      : size_(size), channels_(channels), patch_(patch), width_(patch * channels), transposed_(transposed), shift_(static_cast<T>(shift)) {
    for (auto* buffer : {&pixels_, &d_pixels_}) buffer->resize(static_cast<size_t>((patch + 1) * (patch + 1) * channels));
    for (auto* buffer : {&along_, &d_along_}) buffer->resize(static_cast<size_t>((patch + 1) * width_));
    for (auto* buffer : {&plain_, &sums_}) buffer->resize(static_cast<size_t>(patch * width_));
  }

  void read(const T* image, const T* landmark, T* token) {
    if (std::isnan(landmark[0]) || std::isnan(landmark[1])) {
      std::fill_n(token, patch_ * width_, std::numeric_limits<T>::quiet_NaN());
      return;
    }
    if (!locate(landmark)) {
      std::fill_n(token, patch_ * width_, T(0));
      return;
    }
    load(image);
    average();
    T* out = transposed_ ? plain_.data() : token;
    for (int64_t k = 0; k < patch_ * width_; ++k) out[k] = low_y_ * along_[k] + high_y_ * along_[k + width_];
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
  /// Whether a sample touches the picture; then where the patch's pixels begin and their weights.
  bool locate(const T* landmark) {
    const T x = landmark[0] + shift_, y = landmark[1] + shift_;
    const auto least = static_cast<T>(-patch_ - 1), most = static_cast<T>(size_);
    if (!(x > least && x < most && y > least && y < most)) return false;
    const T floor_x = std::floor(x), floor_y = std::floor(y);
    high_x_ = x - floor_x;
    high_y_ = y - floor_y;
    low_x_ = 1 - high_x_;
    low_y_ = 1 - high_y_;
    x_ = static_cast<int64_t>(floor_x);
    y_ = static_cast<int64_t>(floor_y);
    first_x_ = std::max<int64_t>(0, -x_);
    last_x_ = std::min<int64_t>(patch_ + 1, size_ - x_);
    first_y_ = std::max<int64_t>(0, -y_);
    last_y_ = std::min<int64_t>(patch_ + 1, size_ - y_);
    return true;
  }

  int64_t offset(int64_t y) const { return ((y_ + y) * size_ + x_ + first_x_) * channels_; }
  int64_t span() const { return std::max<int64_t>(0, last_x_ - first_x_) * channels_; }
  int64_t line() const { return (patch_ + 1) * channels_; }

  /// The pixels [p+1,p+1,C], zeros where the picture ends.
  void load(const T* image) {
    const bool inside = first_x_ == 0 && first_y_ == 0 && last_x_ == patch_ + 1 && last_y_ == patch_ + 1;
    if (!inside) std::fill(pixels_.begin(), pixels_.end(), T(0));
    for (int64_t y = first_y_; y < last_y_; ++y) {
      std::copy_n(image + offset(y), span(), pixels_.data() + y * line() + first_x_ * channels_);
    }
  }

  /// pixels [p+1,p+1,C] -> along [p+1,p,C]
  void average() {
    for (int64_t y = 0; y <= patch_; ++y) {
      const T* in = pixels_.data() + y * line();
      T* out = along_.data() + y * width_;
      for (int64_t k = 0; k < width_; ++k) out[k] = low_x_ * in[k] + high_x_ * in[k + channels_];
    }
  }

  void transpose(const T* in, T* out) const {
    for (int64_t a = 0; a < patch_; ++a) {
      for (int64_t b = 0; b < patch_; ++b) {
        for (int64_t c = 0; c < channels_; ++c) out[(b * patch_ + a) * channels_ + c] = in[(a * patch_ + b) * channels_ + c];
      }
    }
  }

  // Sums run over columns first: a sum of columns is vectorised without reordering, a sum in one variable is not.
  T sum_of_columns() const {
    T sum = 0;
    for (int64_t k = 0; k < width_; ++k) sum += sums_[k];
    return sum;
  }

  T slope_y(const T* gradient) {
    std::fill(sums_.begin(), sums_.end(), T(0));
    for (int64_t y = 0; y < patch_; ++y) {
      const T *g = gradient + y * width_, *upper = along_.data() + y * width_, *lower = upper + width_;
      for (int64_t k = 0; k < width_; ++k) sums_[k] += g[k] * (lower[k] - upper[k]);
    }
    return sum_of_columns();
  }

  /// gradient [p,p,C] -> d_along [p+1,p,C]
  void spread_y(const T* gradient) {
    for (int64_t k = 0; k < width_; ++k) d_along_[k] = low_y_ * gradient[k];
    for (int64_t k = width_; k < patch_ * width_; ++k) d_along_[k] = low_y_ * gradient[k] + high_y_ * gradient[k - width_];
    for (int64_t k = patch_ * width_; k < (patch_ + 1) * width_; ++k) d_along_[k] = high_y_ * gradient[k - width_];
  }

  T slope_x() {
    std::fill(sums_.begin(), sums_.end(), T(0));
    for (int64_t y = 0; y <= patch_; ++y) {
      const T *g = d_along_.data() + y * width_, *in = pixels_.data() + y * line();
      for (int64_t k = 0; k < width_; ++k) sums_[k] += g[k] * (in[k + channels_] - in[k]);
    }
    return sum_of_columns();
  }

  void add_to(T* d_image) {
    std::fill(d_pixels_.begin(), d_pixels_.end(), T(0));
    for (int64_t y = first_y_; y < last_y_; ++y) {
      const T* g = d_along_.data() + y * width_;
      T* out = d_pixels_.data() + y * line();
      for (int64_t k = 0; k < width_; ++k) out[k] += low_x_ * g[k];
      for (int64_t k = 0; k < width_; ++k) out[k + channels_] += high_x_ * g[k];
      T* target = d_image + offset(y);
      const T* from = out + first_x_ * channels_;
      for (int64_t k = 0; k < span(); ++k) target[k] += from[k];
    }
  }

  int64_t size_, channels_, patch_, width_;
  bool transposed_;
  T shift_;
  T low_x_ = 1, high_x_ = 0, low_y_ = 1, high_y_ = 0;
  int64_t x_ = 0, y_ = 0, first_x_ = 0, last_x_ = 0, first_y_ = 0, last_y_ = 0;
  std::vector<T> pixels_, d_pixels_, along_, d_along_, plain_, sums_;
};

}  // namespace lafs
