#include "imaging/resize.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "imaging/decode.h"

namespace lafs::imaging {

namespace {

/// The inputs an output is made of.
struct Window {
  int64_t first = 0;
  std::vector<float> weights;
};

std::vector<Window> windows(ResampleFilter filter, int64_t in, int64_t out) {
  const double scale = static_cast<double>(in) / static_cast<double>(out), stretch = std::max(1.0, scale);
  const double support = (filter == ResampleFilter::triangle ? 1 : 2) * stretch;
  std::vector<Window> all(static_cast<size_t>(out));
  for (int64_t i = 0; i < out; ++i) {
    const double centre = (static_cast<double>(i) + 0.5) * scale;
    const auto first = std::max<int64_t>(0, static_cast<int64_t>(std::floor(centre - support)));
    const auto last = std::min<int64_t>(in, static_cast<int64_t>(std::ceil(centre + support)));
    std::vector<double> weights;
    double sum = 0;
    for (int64_t k = first; k < last; ++k)
      sum += weights.emplace_back(filter_at(filter, (static_cast<double>(k) + 0.5 - centre) / stretch));
    Window& window = all[static_cast<size_t>(i)];
    window.first = first;
    for (const double weight : weights) window.weights.push_back(static_cast<float>(weight / sum));
  }
  return all;
}

}  // namespace

ResampleFilter filter_of(std::string_view interpolation) {
  return interpolation == "bicubic" ? ResampleFilter::cubic : ResampleFilter::triangle;
}

double filter_at(ResampleFilter filter, double x) {
  x = std::abs(x);
  if (filter == ResampleFilter::triangle) return std::max(0.0, 1 - x);
  if (x < 1) return (1.5 * x - 2.5) * x * x + 1;
  return x < 2 ? ((-0.5 * x + 2.5) * x - 4) * x + 2 : 0;
}

void resize(const Image& image, ResampleFilter filter, int64_t height, int64_t width, std::span<uint8_t> out) {
  if (image.height == height && image.width == width) {
    std::copy_n(image.bytes.get(), image.size(), out.data());
    return;
  }
  const std::vector<Window> columns = windows(filter, image.width, width), rows = windows(filter, image.height, height);
  std::vector<float> wide(static_cast<size_t>(image.height * width * 3));
  float* to = wide.data();
  for (int64_t y = 0; y < image.height; ++y) {
    for (const Window& window : columns) {
      const uint8_t* from = image.row(y) + window.first * 3;
      float sum[3] = {0, 0, 0};
      for (const float weight : window.weights) {
        for (int c = 0; c < 3; ++c) sum[c] += weight * static_cast<float>(*from++);
      }
      to = std::copy_n(sum, 3, to);
    }
  }
  std::vector<float> sums(static_cast<size_t>(width * 3));
  uint8_t* result = out.data();
  for (const Window& window : rows) {
    std::fill(sums.begin(), sums.end(), 0.0f);
    const float* from = wide.data() + window.first * width * 3;
    for (const float weight : window.weights) {
      for (float& sum : sums) sum += weight * *from++;
    }
    for (const float sum : sums) *result++ = static_cast<uint8_t>(std::clamp(std::nearbyint(sum), 0.0f, 255.0f));
  }
}

Image resized(const Image& image, ResampleFilter filter, int64_t height, int64_t width) {
  if (image.height == height && image.width == width) return image;
  std::vector<uint8_t> bytes(static_cast<size_t>(height * width * 3));
  resize(image, filter, height, width, bytes);
  return image_of(height, width, std::move(bytes));
}

}  // namespace lafs::imaging
