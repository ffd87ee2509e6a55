#include "erasing.h"

#include <algorithm>
#include <cmath>

#include "imaging/idle_options.h"
#include "imaging/tensor_ops.h"
#include "imaging/view_chain.h"
#include "lafs/error.h"

namespace lafs::face_supervised {

namespace {

/// Half to even, as Python's round.
int64_t rounded(double x) { return std::lrint(x); }

void check(const Erasing::Options& options) {
  imaging::check_range("erasing_scale", options.scale);
  imaging::check_range("erasing_ratio", options.ratio);
  imaging::check_range("erasing_count", {options.count.begin(), options.count.end()});
  const Erasing::Options plain;
  if (options.probability == 0) {
    imaging::refuse_idle("without erasing above 0", {{"erasing_scale", options.scale != plain.scale},
                                                     {"erasing_ratio", options.ratio != plain.ratio},
                                                     {"erasing_log_ratio", options.log_ratio != plain.log_ratio},
                                                     {"erasing_mode", options.mode != plain.mode},
                                                     {"erasing_value", options.value != plain.value},
                                                     {"erasing_count", options.count != plain.count}});
  }
  if (options.mode != "constant") {
    imaging::refuse_idle("without erasing_mode = \"constant\"", {{"erasing_value", options.value != plain.value}});
  }
}

}  // namespace

void Erasing::Options::declare(Params& p) {
  p("erasing", probability, in(0, 1), "probability that rectangles are erased, after all else");
  p("erasing_scale", scale, in(1e-6, 1), "lowest and highest share of the area, of all rectangles together");
  p("erasing_ratio", ratio, in(1e-3, 1e3), "lowest and highest height over width");
  p("erasing_log_ratio", log_ratio, "draw the ratio log-uniformly; older torchvision may have drawn it uniformly");
  p.affects_unless(
      "constant", "erasing_mode", mode, one_of({"constant", "colour", "pixel"}),
      "filling: erasing_value; a random colour for each rectangle; a random colour for each pixel. Random ones are normal after "
      "the scaling of [input]");
  p.affects_unless(0, "erasing_value", value, in(0, 255), "what a constant filling is in all channels; 0 is black");
  p.affects_unless({1, 1}, "erasing_count", count, in(1, 100), "lowest and highest number of rectangles, which share the area");
}

Erasing::Erasing(const Options& options, const InputContract& input)
    : options_(options), height_(input.height), width_(input.width), mean_(input.mean), std_(input.std) {
  check(options);
  if (input.colour != "bgr") return;
  std::swap(mean_[0], mean_[2]);
  std::swap(std_[0], std_[2]);
}

double Erasing::draw_ratio(Rng& rng) const {
  const double low = options_.ratio[0], high = options_.ratio[1];
  return options_.log_ratio ? std::exp(rng.uniform(std::log(low), std::log(high))) : rng.uniform(low, high);
}

uint8_t Erasing::noise(size_t channel, Rng& rng) const {
  return static_cast<uint8_t>(std::clamp(std::nearbyint(255 * rng.normal(mean_[channel], std_[channel])), 0.0, 255.0));
}

void Erasing::apply(std::span<uint8_t> rgb, Rng& rng) const {
  if (options_.probability == 0 || !rng.coin(options_.probability)) return;
  const int64_t fewest = options_.count[0], most = options_.count[1];
  const int64_t count = fewest < most ? rng.integer(fewest, most + 1) : fewest;
  for (int64_t i = 0; i < count; ++i) erase_one(rgb, static_cast<double>(height_ * width_) / static_cast<double>(count), rng);
}

void Erasing::erase_one(std::span<uint8_t> rgb, double area, Rng& rng) const {
  for (int attempt = 0; attempt < 10; ++attempt) {
    const double target = area * rng.uniform(options_.scale[0], options_.scale[1]);
    const double ratio = draw_ratio(rng);
    const int64_t h = rounded(std::sqrt(target * ratio)), w = rounded(std::sqrt(target / ratio));
    if (h >= height_ || w >= width_) continue;
    const int64_t top = rng.integer(0, height_ - h + 1), left = rng.integer(0, width_ - w + 1);
    if (options_.mode == "constant") return imaging::erase(rgb, width_, {top, left, h, w}, static_cast<uint8_t>(options_.value));
    std::array<uint8_t, 3> colour{};
    const auto draw_colour = [&] {
      for (size_t c = 0; c < 3; ++c) colour[c] = noise(c, rng);
    };
    if (options_.mode == "colour") draw_colour();
    for (int64_t y = top; y < top + h; ++y) {
      for (int64_t x = left; x < left + w; ++x) {
        if (options_.mode == "pixel") draw_colour();
        std::copy(colour.begin(), colour.end(), rgb.data() + (y * width_ + x) * 3);
      }
    }
    return;
  }
}

}  // namespace lafs::face_supervised
