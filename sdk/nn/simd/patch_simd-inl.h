#pragma once
#include <algorithm>
#include <cstdint>

#include "nn/simd/patch_simd.h"

namespace lafs::nn {

template <typename T, int64_t P, int64_t C>
inline void PatchReader<T, P, C>::load(const T* image) {
  T* __restrict__ out = pixels_.data();
  const bool whole = place_.inside(p());
  if (!whole) std::fill(pixels_.begin(), pixels_.end(), T(0));
  const int64_t first = whole ? 0 : place_.first_x, last = whole ? p() + 1 : place_.last_x;
  for (int64_t y = place_.first_y; y < place_.last_y; ++y) {
    for (int64_t k = 0; k < c(); ++k) {
      const int64_t from = offset(k, y);
      for (int64_t x = first; x < last; ++x) out[y * line() + x * c() + k] = image[from + x];
    }
  }
}

template <typename T, int64_t P, int64_t C>
inline void PatchReader<T, P, C>::average() {
  const T low = place_.low_x, high = place_.high_x;
  for (int64_t y = 0; y <= p(); ++y) {
    const T* __restrict__ in = pixels_.data() + y * line();
    T* __restrict__ out = along_.data() + y * width();
    for (int64_t k = 0; k < width(); ++k) out[k] = low * in[k] + high * in[k + c()];
  }
}

template <typename T, int64_t P, int64_t C>
inline void PatchReader<T, P, C>::transpose(const T* __restrict__ in, T* __restrict__ out) const {
  for (int64_t a = 0; a < p(); ++a) {
    for (int64_t b = 0; b < p(); ++b) {
      for (int64_t k = 0; k < c(); ++k) out[(b * p() + a) * c() + k] = in[(a * p() + b) * c() + k];
    }
  }
}

// Sums run over columns first: a sum of columns is vectorised without reordering, a sum in one variable is not.
template <typename T, int64_t P, int64_t C>
inline T PatchReader<T, P, C>::sum_of_columns() const {
  T sum = 0;
  for (int64_t k = 0; k < width(); ++k) sum += sums_[k];
  return sum;
}

template <typename T, int64_t P, int64_t C>
inline T PatchReader<T, P, C>::slope_y(const T* gradient) {
  T* __restrict__ sums = sums_.data();
  std::fill_n(sums, width(), T(0));
  for (int64_t y = 0; y < p(); ++y) {
    const T* __restrict__ g = gradient + y * width(), * __restrict__ upper = along_.data() + y * width();
    for (int64_t k = 0; k < width(); ++k) sums[k] += g[k] * (upper[k + width()] - upper[k]);
  }
  return sum_of_columns();
}

template <typename T, int64_t P, int64_t C>
inline void PatchReader<T, P, C>::spread_y(const T* __restrict__ gradient) {
  T* __restrict__ out = d_along_.data();
  const T low = place_.low_y, high = place_.high_y;
  for (int64_t k = 0; k < width(); ++k) out[k] = low * gradient[k];
  for (int64_t k = width(); k < p() * width(); ++k) out[k] = low * gradient[k] + high * gradient[k - width()];
  for (int64_t k = p() * width(); k < (p() + 1) * width(); ++k) out[k] = high * gradient[k - width()];
}

template <typename T, int64_t P, int64_t C>
inline T PatchReader<T, P, C>::slope_x() {
  T* __restrict__ sums = sums_.data();
  std::fill_n(sums, width(), T(0));
  for (int64_t y = 0; y <= p(); ++y) {
    const T* __restrict__ g = d_along_.data() + y * width(), * __restrict__ in = pixels_.data() + y * line();
    for (int64_t k = 0; k < width(); ++k) sums[k] += g[k] * (in[k + c()] - in[k]);
  }
  return sum_of_columns();
}

template <typename T, int64_t P, int64_t C>
inline void PatchReader<T, P, C>::add_to(T* __restrict__ d_image) {
  std::fill(d_pixels_.begin(), d_pixels_.end(), T(0));
  const T low = place_.low_x, high = place_.high_x;
  for (int64_t y = place_.first_y; y < place_.last_y; ++y) {
    const T* __restrict__ g = d_along_.data() + y * width();
    T* __restrict__ out = d_pixels_.data() + y * line();
    for (int64_t k = 0; k < width(); ++k) out[k] += low * g[k];
    for (int64_t k = 0; k < width(); ++k) out[k + c()] += high * g[k];
    for (int64_t k = 0; k < c(); ++k) {
      const int64_t to = offset(k, y);
      for (int64_t x = place_.first_x; x < place_.last_x; ++x) d_image[to + x] += out[x * c() + k];
    }
  }
}

}  // namespace lafs::nn
