#include <algorithm>
#include <cmath>
#include <span>
#include <string>
#include <vector>

#include "imaging/random_crop.h"
#include "imaging/resize.h"
#include "imaging/tensor_ops.h"
#include "imaging/view_chain.h"
#include "lafs/augmentation.h"
#include "lafs/plugin.h"

namespace {

using lafs::imaging::Box;

/// The tensor transforms of supervised training, finetuning.md 3.3, on a picture brought to the contract's size.
/// Draws, in this order: flip coin; crop tries (area, log ratio; once accepted top, left); order of the four jitter steps, then
/// brightness, contrast, saturation and hue; erasing coin, erasing tries (area, ratio; once accepted top, left). A step that is off draws
/// nothing.
class FaceSupervised final : public lafs::Augmentation {
 public:
  struct Options {
    double flip = 0.5;
    bool crop = true;
    std::vector<double> crop_scale{0.9, 1.0}, crop_ratio{3.0 / 4, 4.0 / 3};
    bool jitter = true;
    lafs::imaging::ColourJitter colours{0.1, 0.1, 0.1, 0.1};
    std::string hue_rule = "old";
    double erasing = 0.5;
    std::vector<double> erasing_scale{0.02, 0.1}, erasing_ratio{0.3, 3.3};
    bool erasing_log_ratio = true;

    void declare(lafs::Params& p) {
      p("flip", flip, lafs::in(0, 1), "probability of a mirrored picture, before all else");
      p("crop", crop, "cut out a part and enlarge it; after ten tries without one that fits, the whole picture");
      p("crop_scale", crop_scale, lafs::in(1e-6, 1), "lowest and highest share of the area");
      p("crop_ratio", crop_ratio, lafs::in(1e-3, 1e3), "lowest and highest width over height, drawn log-uniformly");
      p("jitter", jitter, "change brightness, contrast, saturation and hue, in random order");
      colours.declare(p);
      p("hue_rule", hue_rule, lafs::one_of({"old", "new"}), "old: hue results times 255, truncated; new: times 255.999");
      p("erasing", erasing, lafs::in(0, 1), "probability of a black rectangle");
      p("erasing_scale", erasing_scale, lafs::in(1e-6, 1), "lowest and highest share of its area");
      p("erasing_ratio", erasing_ratio, lafs::in(1e-3, 1e3), "lowest and highest height over width");
      p("erasing_log_ratio", erasing_log_ratio, "draw the ratio log-uniformly; older torchvision may have drawn it uniformly");
    }
  };

  FaceSupervised(const Options& options, const lafs::InputContract& input)
      : options_(options), height_(input.height), width_(input.width), filter_(lafs::imaging::filter_of(input.interpolation)) {
    lafs::imaging::check_range("crop_scale", options.crop_scale);
    lafs::imaging::check_range("crop_ratio", options.crop_ratio);
    lafs::imaging::check_range("erasing_scale", options.erasing_scale);
    lafs::imaging::check_range("erasing_ratio", options.erasing_ratio);
  }

  lafs::ViewLayout layout() const override { return {{"image", 1, height_, width_, false}}; }

  void views(const lafs::Sample& sample, lafs::Rng& rng, lafs::Views& out) const override {
    const std::span<uint8_t> rgb = out.image(0, 0);
    const lafs::Image whole = lafs::imaging::resized(sample.image, filter_, height_, width_);
    const bool mirrored = options_.flip > 0 && rng.coin(options_.flip);
    const Box box = options_.crop ? draw_crop(rng) : Box{0, 0, height_, width_};
    if (box.height < height_ || box.width < width_) {
      lafs::imaging::crop_resize_bilinear(whole, box, height_, width_, rgb, mirrored);
    } else {
      std::copy_n(whole.row(0), rgb.size(), rgb.data());
      if (mirrored) lafs::imaging::mirror(rgb, width_);
    }
    if (options_.jitter) jitter(rgb, rng);
    if (options_.erasing > 0 && rng.coin(options_.erasing)) erase(rgb, rng);
  }

 private:
  /// Half to even, as Python's round.
  static int64_t rounded(double x) { return std::lrint(x); }

  Box draw_crop(lafs::Rng& rng) const {
    const std::span<const double, 2> scale(options_.crop_scale.data(), 2), ratio(options_.crop_ratio.data(), 2);
    return lafs::imaging::draw_crop(rng, height_, width_, scale, ratio);
  }

  void jitter(std::span<uint8_t> rgb, lafs::Rng& rng) const {
    using Step = lafs::imaging::ColourJitter::Step;
    const lafs::imaging::HueRule rule =
        options_.hue_rule == "old" ? lafs::imaging::HueRule::times_255 : lafs::imaging::HueRule::times_255_999;
    for (const auto& [step, amount] : options_.colours.draw(rng)) {
      if (step == Step::brightness) lafs::imaging::adjust_brightness(rgb, amount);
      if (step == Step::contrast) lafs::imaging::adjust_contrast(rgb, amount);
      if (step == Step::saturation) lafs::imaging::adjust_saturation(rgb, amount);
      if (step == Step::hue) lafs::imaging::adjust_hue(rgb, amount, rule);
    }
  }

  double draw_erasing_ratio(lafs::Rng& rng) const {
    const double low = options_.erasing_ratio[0], high = options_.erasing_ratio[1];
    return options_.erasing_log_ratio ? std::exp(rng.uniform(std::log(low), std::log(high))) : rng.uniform(low, high);
  }

  void erase(std::span<uint8_t> rgb, lafs::Rng& rng) const {
    const double area = static_cast<double>(height_ * width_);
    for (int attempt = 0; attempt < 10; ++attempt) {
      const double target = area * rng.uniform(options_.erasing_scale[0], options_.erasing_scale[1]);
      const double ratio = draw_erasing_ratio(rng);
      const int64_t h = rounded(std::sqrt(target * ratio)), w = rounded(std::sqrt(target / ratio));
      if (h >= height_ || w >= width_) continue;
      const int64_t top = rng.integer(0, height_ - h + 1), left = rng.integer(0, width_ - w + 1);
      lafs::imaging::erase(rgb, width_, {top, left, h, w});
      return;
    }
  }

  Options options_;
  int64_t height_, width_;
  lafs::imaging::ResampleFilter filter_;
};

}  // namespace

LAFS_PLUGIN(registrar) {
  registrar.add<FaceSupervised>("face_supervised", "flip, crop, colour jitter and erasing as in the published fine-tuning");
}
