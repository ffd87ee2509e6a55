#include "imaging/random_crop.h"

#include <algorithm>
#include <cmath>

namespace lafs::imaging {

namespace {

/// Half to even, as Python's round.
int64_t rounded(double x) { return std::lrint(x); }

/// The largest centred part whose ratio is allowed.
Box largest_part(int64_t height, int64_t width, std::span<const double, 2> ratio) {
  const double own = static_cast<double>(width) / static_cast<double>(height);
  int64_t h = height, w = width;
  if (own < ratio[0]) h = std::max<int64_t>(1, rounded(static_cast<double>(w) / ratio[0]));
  if (own > ratio[1]) w = std::max<int64_t>(1, rounded(static_cast<double>(h) * ratio[1]));
  return {(height - h) / 2, (width - w) / 2, h, w};
}

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
  return largest_part(height, width, ratio);
}

Box draw_fitting_crop(Rng& rng, int64_t height, int64_t width, std::span<const double, 2> scale, std::span<const double, 2> ratio) {
  const double share = rng.uniform(scale[0], scale[1]), own = static_cast<double>(width) / static_cast<double>(height);
  const double low = std::max(ratio[0], share * own), high = std::min(ratio[1], own / share);
  if (low > high) return largest_part(height, width, ratio);
  const double target = share * static_cast<double>(height * width), shape = std::exp(rng.uniform(std::log(low), std::log(high)));
  const int64_t w = std::clamp<int64_t>(rounded(std::sqrt(target * shape)), 1, width);
  const int64_t h = std::clamp<int64_t>(rounded(std::sqrt(target / shape)), 1, height);
  const int64_t top = rng.integer(0, height - h + 1), left = rng.integer(0, width - w + 1);
  return {top, left, h, w};
}

}  // namespace lafs::imaging
