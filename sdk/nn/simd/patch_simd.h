#pragma once
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "nn/simd/patch_place.h"

namespace lafs::nn {

/// Reads one patch of one picture, forward and backward: (p+1) x (p+1) pixels averaged with the same weights (`PatchPlace`), first along x,
/// then along y. Pictures are [C,S,S], a token [p,p,C]. P and C above 0 fix the patch and the channels for the compiler. Scratch memory is
/// the object's own: one object a thread.
template <typename T, int64_t P = 0, int64_t C = 0>
class PatchReader {
 public:
  /// `shift` is added to a landmark to get the place of the patch's first sample, pixel centres being integers.
  PatchReader(int64_t size, int64_t channels, int64_t patch, bool transposed, double shift)
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
    const T* __restrict__ in = along_.data(), low = place_.low_y, high = place_.high_y;
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

  bool locate(const T* landmark) { return place_.locate(landmark[0] + shift_, landmark[1] + shift_, p(), size_); }
  /// Offset of the patch's row y in a channel of the picture.
  int64_t offset(int64_t channel, int64_t y) const { return (channel * size_ + place_.y + y) * size_ + place_.x; }

  /// The pixels [p+1,p+1,C], zeros where the picture ends.
  void load(const T* image);
  /// pixels [p+1,p+1,C] -> along [p+1,p,C]
  void average();
  void transpose(const T* __restrict__ in, T* __restrict__ out) const;
  T sum_of_columns() const;
  T slope_y(const T* gradient);
  /// gradient [p,p,C] -> d_along [p+1,p,C]
  void spread_y(const T* __restrict__ gradient);
  T slope_x();
  void add_to(T* __restrict__ d_image);

  int64_t size_, channels_, patch_;
  bool transposed_;
  T shift_;
  PatchPlace<T> place_;
  std::vector<T> pixels_, d_pixels_, along_, d_along_, plain_, sums_;
};

}  // namespace lafs::nn

#include "nn/simd/patch_simd-inl.h"
