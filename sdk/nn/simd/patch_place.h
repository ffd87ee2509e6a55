#pragma once
#include <algorithm>
#include <cmath>
#include <cstdint>

namespace lafs::nn {

/// Where the (p+1) x (p+1) pixels of a patch lie in a picture of `size` x `size`. All p*p samples lie at the same fraction of a pixel, so
/// two weights a direction serve them all. [any thread]
template <typename T>
struct PatchPlace {
  T low_x = 1, high_x = 0, low_y = 1, high_y = 0;            ///< weights of a sample's left, right, upper and lower pixels
  int64_t x = 0, y = 0;                                      ///< the patch's first pixel in the picture, maybe outside it
  int64_t first_x = 0, last_x = 0, first_y = 0, last_y = 0;  ///< columns and rows of the patch that lie in the picture: [first, last)

  /// Whether a sample of the patch whose first sample is at (at_x, at_y) touches the picture; sets the place only then.
  bool locate(T at_x, T at_y, int64_t p, int64_t size) {
    const auto least = static_cast<T>(-p - 1), most = static_cast<T>(size);
    if (!(at_x > least && at_x < most && at_y > least && at_y < most)) return false;
    const T floor_x = std::floor(at_x), floor_y = std::floor(at_y);
    high_x = at_x - floor_x;
    high_y = at_y - floor_y;
    low_x = 1 - high_x;
    low_y = 1 - high_y;
    x = static_cast<int64_t>(floor_x);
    y = static_cast<int64_t>(floor_y);
    first_x = std::max<int64_t>(0, -x);
    last_x = std::min<int64_t>(p + 1, size - x);
    first_y = std::max<int64_t>(0, -y);
    last_y = std::min<int64_t>(p + 1, size - y);
    return true;
  }

  bool inside(int64_t p) const { return first_x == 0 && first_y == 0 && last_x == p + 1 && last_y == p + 1; }
};

}  // namespace lafs::nn
