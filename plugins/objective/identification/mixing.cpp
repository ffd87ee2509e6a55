#include "mixing.h"

#include <algorithm>
#include <cmath>

namespace lafs::identification {

void MixingOptions::declare(Params& p) {
  p("mixup", mixup, in(0, 100), "alpha of mixup's Beta(alpha, alpha); 0: no mixup");
  p("cutmix", cutmix, in(0, 100), "alpha of cutmix's Beta(alpha, alpha); 0: no cutmix");
  p("mixup_prob", probability, in(0, 1), "probability that a micro-batch is mixed");
  p("mixup_switch_prob", switch_probability, in(0, 1), "probability of cutmix where both are on");
  p("cutmix_minmax", cutmix_minmax, in(0, 1), "smallest and largest side of the box as shares of the image; replaces the Beta");
  p("cutmix_correct_lambda", correct_lambda, "lambda is the share of pixels that are left, not the one drawn");
}

namespace {

/// Draws the box of cutmix for images of height x width and sets lambda.
void draw_box(const MixingOptions& options, int64_t height, int64_t width, Rng& rng, Mixing& out) {
  out.box = true;
  const auto h = static_cast<double>(height), w = static_cast<double>(width);
  if (!options.cutmix_minmax.empty()) {
    const auto side = [&](double size) {
      const auto low = static_cast<int64_t>(size * options.cutmix_minmax[0]), high = static_cast<int64_t>(size * options.cutmix_minmax[1]);
      return high > low ? rng.integer(low, high) : low;
    };
    const int64_t rows = side(h), columns = side(w);
    out.top = rng.integer(0, std::max<int64_t>(1, height - rows));
    out.left = rng.integer(0, std::max<int64_t>(1, width - columns));
    out.bottom = out.top + rows;
    out.right = out.left + columns;
  } else {
    const double share = std::sqrt(1 - out.lambda);
    const int64_t rows = static_cast<int64_t>(h * share), columns = static_cast<int64_t>(w * share);
    const int64_t y = rng.integer(0, height), x = rng.integer(0, width);
    out.top = std::clamp<int64_t>(y - rows / 2, 0, height);
    out.bottom = std::clamp<int64_t>(y + rows / 2, 0, height);
    out.left = std::clamp<int64_t>(x - columns / 2, 0, width);
    out.right = std::clamp<int64_t>(x + columns / 2, 0, width);
  }
  if (options.correct_lambda || !options.cutmix_minmax.empty()) {
    out.lambda = 1 - static_cast<double>((out.bottom - out.top) * (out.right - out.left)) / (h * w);
  }
}

}  // namespace

Mixing draw_mixing(const MixingOptions& options, int64_t height, int64_t width, Rng rng) {
  Mixing out;
  if (!options.on() || !rng.coin(options.probability)) return out;
  const bool can_cut = options.cutmix > 0 || !options.cutmix_minmax.empty();
  const bool cut = can_cut && (options.mixup <= 0 || rng.coin(options.switch_probability));
  const double alpha = !cut ? options.mixup : options.cutmix_minmax.empty() ? options.cutmix : 1;
  out.lambda = rng.beta(alpha, alpha);
  if (cut && out.lambda < 1) draw_box(options, height, width, rng, out);
  return out;
}

}  // namespace lafs::identification
