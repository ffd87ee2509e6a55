#include "imaging/view_chain.h"

#include <span>

#include <fmt/format.h>

#include "imaging/random_crop.h"
#include "lafs/error.h"

namespace lafs::imaging {

namespace {

std::span<const double, 2> pair_of(const std::vector<double>& range) { return std::span<const double, 2>(range.data(), 2); }

}  // namespace

void check_range(std::string_view name, const std::vector<double>& range) {
  if (range.size() != 2 || range[0] > range[1]) throw Error(fmt::format("{} must be two numbers, the lower one first", name));
}

void ViewChain::Options::declare(Params& p) {
  p("crop_ratio", crop_ratio, in(1e-3, 1e3), "lowest and highest width over height of a crop, drawn log-uniformly");
  p("flip", flip, in(0, 1), "probability of a mirrored view");
  p("jitter", jitter, in(0, 1), "probability that brightness, contrast, saturation and hue change, in random order");
  colours.declare(p);
  p("grey", grey, in(0, 1), "probability of a view without colour");
  p("blur_radius", blur_radius, in(0, 50),
    "lowest and highest deviation of the Gaussian, pixels of the view; up to about 0.1 changes nothing");
  p("solarise_threshold", solarise_threshold, in(0, 256), "pixel values v from here up become 255 - v");
}

ViewChain::ViewChain(const Options& options) : options_(options) {
  check_range("crop_ratio", options.crop_ratio);
  check_range("blur_radius", options.blur_radius);
}

void ViewChain::crop(const Image& image, const View& view, Rng& rng, Canvas& canvas) const {
  check_range("scale", view.scale);
  const Box box = draw_crop(rng, image.height, image.width, pair_of(view.scale), pair_of(options_.crop_ratio));
  const bool mirrored = options_.flip > 0 && rng.coin(options_.flip);
  canvas.crop_resize(image, box, ResampleFilter::cubic, view.size, view.size, mirrored);
}

void ViewChain::colour(const View& view, Rng& rng, Canvas& canvas) const {
  if (options_.jitter > 0 && rng.coin(options_.jitter)) jitter(rng, canvas);
  if (options_.grey > 0 && rng.coin(options_.grey)) canvas.grey();
  // Quirk P21: the blur's coin includes equality, the others' do not.
  if (view.blur > 0 && rng.uniform() <= view.blur) canvas.blur(rng.uniform(options_.blur_radius[0], options_.blur_radius[1]));
  if (view.solarise > 0 && rng.coin(view.solarise)) canvas.solarise(options_.solarise_threshold);
}

void ViewChain::jitter(Rng& rng, Canvas& canvas) const {
  for (const auto& [step, amount] : options_.colours.draw(rng)) {
    if (step == ColourJitter::Step::brightness) canvas.brightness(amount);
    if (step == ColourJitter::Step::contrast) canvas.contrast(amount);
    if (step == ColourJitter::Step::saturation) canvas.saturation(amount);
    if (step == ColourJitter::Step::hue) canvas.hue(amount);
  }
}

void check_count(std::string_view name, const std::vector<double>& list, int64_t global_views) {
  if (static_cast<int64_t>(list.size()) == global_views) return;
  throw Error(fmt::format("{} has {} numbers, not one for each of the {} global views", name, list.size(), global_views));
}

}  // namespace lafs::imaging
