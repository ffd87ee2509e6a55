#include "bicubic.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>
#include <vector>

#include "imaging/decode.h"

namespace lafs::face_bin {
namespace {

/// The four inputs of an output, and their weights.
struct Taps {
  std::array<int64_t, 4> at;
  std::array<double, 4> weight;
};

double cubic_at(double x) {
  constexpr double a = -0.75;
  x = std::abs(x);
  if (x <= 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a : 0;
}

std::vector<Taps> taps_of(int64_t in, int64_t out) {
  std::vector<Taps> all(static_cast<size_t>(out));
  const double scale = static_cast<double>(in) / static_cast<double>(out);
  for (int64_t i = 0; i < out; ++i) {
    const double place = (static_cast<double>(i) + 0.5) * scale - 0.5;
    const auto left = static_cast<int64_t>(std::floor(place));
    Taps& taps = all[static_cast<size_t>(i)];
    for (int64_t k = 0; k < 4; ++k) {
      taps.at[static_cast<size_t>(k)] = std::clamp<int64_t>(left - 1 + k, 0, in - 1);
      taps.weight[static_cast<size_t>(k)] = cubic_at(place - static_cast<double>(left - 1 + k));
    }
  }
  return all;
}

}  // namespace

Image resized(const Image& image, int64_t height, int64_t width) {
  const std::vector<Taps> columns = taps_of(image.width, width), rows = taps_of(image.height, height);
  std::vector<double> wide(static_cast<size_t>(image.height * width * 3));
  double* to = wide.data();
  for (int64_t y = 0; y < image.height; ++y)
    for (const Taps& taps : columns)
      for (int64_t c = 0; c < 3; ++c, ++to)
        for (size_t k = 0; k < 4; ++k) *to += taps.weight[k] * image.row(y)[3 * taps.at[k] + c];
  std::vector<uint8_t> bytes;
  bytes.reserve(static_cast<size_t>(height * width * 3));
  for (const Taps& taps : rows)
    for (int64_t x = 0; x < 3 * width; ++x) {
      double sum = 0;
      for (size_t k = 0; k < 4; ++k) sum += taps.weight[k] * wide[static_cast<size_t>(taps.at[k] * 3 * width + x)];
      bytes.push_back(static_cast<uint8_t>(std::clamp(std::nearbyint(sum), 0.0, 255.0)));
    }
  return imaging::image_of(height, width, std::move(bytes));
}

Image with_shorter_side(const Image& image, int64_t side) {
  if (image.width == side) return image;
  if (image.height > image.width) return resized(image, side * image.height / image.width, side);
  return resized(image, side, side * image.width / image.height);
}

}  // namespace lafs::face_bin
