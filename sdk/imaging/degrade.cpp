#include "imaging/degrade.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "imaging/canvas.h"
#include "imaging/decode.h"
#include "imaging/encode.h"
#include "imaging/idle_options.h"
#include "imaging/view_chain.h"
#include "lafs/error.h"

namespace lafs::imaging {

namespace {

Image picture_of(std::span<const uint8_t> rgb, int64_t height, int64_t width) {
  return image_of(height, width, std::vector<uint8_t>(rgb.begin(), rgb.end()));
}

/// Steps from a pixel to the places on the line.
std::vector<std::pair<int64_t, int64_t>> line_of(double length, double degrees) {
  const double angle = degrees * (std::numbers::pi / 180), x = std::cos(angle), y = -std::sin(angle);
  const auto places = static_cast<int64_t>(std::ceil(length));
  const double step = places == 1 ? 0 : (length - 1) / static_cast<double>(places - 1);
  std::vector<std::pair<int64_t, int64_t>> steps;
  for (int64_t i = 0; i < places; ++i) {
    const double at = static_cast<double>(i) * step - (places == 1 ? 0 : (length - 1) / 2);
    // Halves upwards: away from zero, an even line would have a gap at the pixel itself.
    steps.emplace_back(static_cast<int64_t>(std::floor(at * y + 0.5)), static_cast<int64_t>(std::floor(at * x + 0.5)));
  }
  return steps;
}

double from(const std::vector<double>& range, Rng& rng) { return rng.uniform(range[0], range[1]); }

}  // namespace

void low_light(std::span<uint8_t> rgb, double gamma, double noise, Rng& rng) {
  std::array<float, 256> dark{};
  for (size_t v = 0; v < 256; ++v) dark[v] = static_cast<float>(255 * std::pow(static_cast<double>(v) / 255, gamma) + 0.5);
  // The variance of a uniform byte is (256^2 - 1) / 12, of the sum of four a third of 256^2 - 1.
  const auto scale = static_cast<float>(noise / std::sqrt((256.0 * 256.0 - 1) / 3));
  for (uint8_t& v : rgb) {
    float level = dark[v];
    if (noise > 0) {
      const uint32_t word = rng.bits();
      level += scale * static_cast<float>(static_cast<int32_t>((word & 255) + (word >> 8 & 255) + (word >> 16 & 255) + (word >> 24)) - 510);
    }
    v = static_cast<uint8_t>(std::clamp(level, 0.0f, 255.0f));
  }
}

void motion_blur(std::span<uint8_t> rgb, int64_t height, int64_t width, double length, double degrees) {
  const std::vector<std::pair<int64_t, int64_t>> steps = line_of(length, degrees);
  if (steps.size() == 1) return;
  std::vector<uint32_t> sums(rgb.size());
  for (const auto& [down, across] : steps) {
    const int64_t first = std::clamp<int64_t>(-across, 0, width), last = std::clamp<int64_t>(width - across, first, width);
    for (int64_t y = 0; y < height; ++y) {
      const uint8_t* row = rgb.data() + std::clamp<int64_t>(y + down, 0, height - 1) * width * 3;
      uint32_t* to = sums.data() + y * width * 3;
      for (int64_t i = 0; i < first * 3; ++i) to[i] += row[i % 3];
      for (int64_t i = first * 3; i < last * 3; ++i) to[i] += row[i + across * 3];
      for (int64_t i = last * 3; i < width * 3; ++i) to[i] += row[(width - 1) * 3 + i % 3];
    }
  }
  const auto count = static_cast<uint32_t>(steps.size());
  for (size_t i = 0; i < rgb.size(); ++i) rgb[i] = static_cast<uint8_t>((sums[i] + count / 2) / count);
}

void lose_detail(std::span<uint8_t> rgb, int64_t height, int64_t width, double factor) {
  const auto smaller = [factor](int64_t size) { return std::max<int64_t>(1, std::lround(static_cast<double>(size) / factor)); };
  const int64_t rows = smaller(height), columns = smaller(width);
  Canvas canvas;
  canvas.crop_resize(picture_of(rgb, height, width), {0, 0, height, width}, ResampleFilter::triangle, rows, columns);
  std::vector<uint8_t> small(static_cast<size_t>(rows * columns * 3));
  canvas.store(small);
  canvas.crop_resize(image_of(rows, columns, std::move(small)), {0, 0, rows, columns}, ResampleFilter::cubic, height, width);
  canvas.store(rgb);
}

void recompress(std::span<uint8_t> rgb, int64_t height, int64_t width, int64_t quality) {
  const Image read = decode_image(encode_jpeg(picture_of(rgb, height, width), static_cast<int>(quality)));
  std::copy_n(read.bytes.get(), rgb.size(), rgb.data());
}

void Degradation::Options::declare(Params& p) {
  const Options plain;
  const std::string order = ", after the flip and before RandAugment";
  p.affects_unless(0, "low_light", low_light, in(0, 1), "probability of a dark, noisy picture" + order);
  p.affects_unless(plain.low_light_gamma, "low_light_gamma", low_light_gamma, in(0.01, 100), "lowest and highest exponent of v/255");
  p.affects_unless(plain.low_light_noise, "low_light_noise", low_light_noise, in(0, 255),
                   "lowest and highest standard deviation of the noise, in levels of 255");
  p.affects_unless(0, "motion_blur", motion_blur, in(0, 1), "probability of a blur along a line" + order);
  p.affects_unless(plain.motion_blur_length, "motion_blur_length", motion_blur_length, in(1, 256), "lowest and highest length, pixels");
  p.affects_unless(plain.motion_blur_angle, "motion_blur_angle", motion_blur_angle, in(-360, 360),
                   "lowest and highest angle, degrees counter-clockwise from the horizontal");
  p.affects_unless(0, "downscale", downscale, in(0, 1), "probability of a picture made smaller and large again" + order);
  p.affects_unless(plain.downscale_factor, "downscale_factor", downscale_factor, in(1, 64), "by how much smaller, lowest and highest");
  p.affects_unless(0, "jpeg", jpeg, in(0, 1), "probability of a picture stored as JPEG and read again" + order);
  p.affects_unless(plain.jpeg_quality, "jpeg_quality", jpeg_quality, in(1, 100), "lowest and highest quality");
}

Degradation::Degradation(const Options& options) : options_(options) {
  const Options plain;
  const std::vector<double> quality(options.jpeg_quality.begin(), options.jpeg_quality.end());
  check_range("low_light_gamma", options.low_light_gamma);
  check_range("low_light_noise", options.low_light_noise);
  check_range("motion_blur_length", options.motion_blur_length);
  check_range("motion_blur_angle", options.motion_blur_angle);
  check_range("downscale_factor", options.downscale_factor);
  check_range("jpeg_quality", quality);
  if (options.low_light == 0) {
    refuse_idle("without low_light above 0", {{"low_light_gamma", options.low_light_gamma != plain.low_light_gamma},
                                              {"low_light_noise", options.low_light_noise != plain.low_light_noise}});
  }
  if (options.motion_blur == 0) {
    refuse_idle("without motion_blur above 0", {{"motion_blur_length", options.motion_blur_length != plain.motion_blur_length},
                                                {"motion_blur_angle", options.motion_blur_angle != plain.motion_blur_angle}});
  }
  if (options.downscale == 0)
    refuse_idle("without downscale above 0", {{"downscale_factor", options.downscale_factor != plain.downscale_factor}});
  if (options.jpeg == 0) refuse_idle("without jpeg above 0", {{"jpeg_quality", options.jpeg_quality != plain.jpeg_quality}});
}

bool Degradation::is_off() const {
  return options_.low_light == 0 && options_.motion_blur == 0 && options_.downscale == 0 && options_.jpeg == 0;
}

void Degradation::apply(std::span<uint8_t> rgb, int64_t height, int64_t width, Rng& rng) const {
  if (options_.low_light > 0 && rng.coin(options_.low_light)) {
    const double gamma = from(options_.low_light_gamma, rng), noise = from(options_.low_light_noise, rng);
    low_light(rgb, gamma, noise, rng);
  }
  if (options_.motion_blur > 0 && rng.coin(options_.motion_blur)) {
    const double length = from(options_.motion_blur_length, rng), angle = from(options_.motion_blur_angle, rng);
    motion_blur(rgb, height, width, length, angle);
  }
  if (options_.downscale > 0 && rng.coin(options_.downscale)) lose_detail(rgb, height, width, from(options_.downscale_factor, rng));
  if (options_.jpeg > 0 && rng.coin(options_.jpeg)) {
    recompress(rgb, height, width, rng.integer(options_.jpeg_quality[0], options_.jpeg_quality[1] + 1));
  }
}

}  // namespace lafs::imaging
