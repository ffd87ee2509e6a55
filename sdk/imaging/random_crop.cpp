#include "imaging/random_crop.h"

#include <algorithm>
#include <cmath>

namespace lafs::imaging {

namespace {

/// Half to even, as Python's round.
int64_t rounded(double x) { return std::lrint(x); }

}  // namespace

Box draw_crop(Rng& rng, int64_t height, int64_t width, std::span<const double, 2> scale, std::span<const double, 2> ratio) {
  const double area = static_cast<double>(height * width), log_low = std::log(ratio[0]), log_high = std::log(ratio[1]);
  for (int attempt = 0; attempt < 10; ++attempt) {
    const double target = area * rng.uniform(scale[0], scale[1]);
    const double shape = std::exp(rng.uniform(log_low, log_high));
    const int64_t w = rounded(std::sqrt(target * shape)), h = rounded(std::sqrt(target / shape));
    if (w < 1 || w > width || h < 1 || h > height) continue;
    const int64_t top = rng.integer(0, height - h + 1), left = rng.integer(0, width - w + 1);
    return {top, left, h, w};
  }
  const double own = static_cast<double>(width) / static_cast<double>(height);
  int64_t h = height, w = width;
  if (own < ratio[0]) h = std::max<int64_t>(1, rounded(static_cast<double>(w) / ratio[0]));
  if (own > ratio[1]) w = std::max<int64_t>(1, rounded(static_cast<double>(h) * ratio[1]));
  return {(height - h) / 2, (width - w) / 2, h, w};
}

}  // namespace lafs::imaging
