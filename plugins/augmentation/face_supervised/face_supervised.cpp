#include <algorithm>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "erasing.h"
#include "imaging/canvas.h"
#include "imaging/decode.h"
#include "imaging/random_crop.h"
#include "imaging/resize.h"
#include "imaging/tensor_ops.h"
#include "lafs/augmentation.h"
#include "lafs/plugin.h"
#include "options.h"

namespace {

using lafs::imaging::Box;

/// The chain of supervised training, finetuning.md 3, on a picture brought to the contract's size.
/// Draws, in this order: flip coin; the degradations; RandAugment; crop tries (area, log ratio; once accepted top, left); order of the four
/// jitter steps, then brightness, contrast, saturation and hue; erasing. Inside a step the order is that of its class in sdk/imaging and
/// erasing.h. A step that is off draws nothing.
class FaceSupervised final : public lafs::Augmentation {
 public:
  using Options = lafs::face_supervised::Options;

  FaceSupervised(const Options& options, const lafs::InputContract& input)
      : options_(lafs::face_supervised::settled(options)),
        height_(input.height),
        width_(input.width),
        filter_(lafs::imaging::filter_of(input.interpolation)),
        degradation_(options_.degradation),
        erasing_(options_.erasing, input) {
    if (options_.randaugment) rand_augment_.emplace(options_.rand_augment);
  }

  lafs::ViewLayout layout() const override { return {{"image", 1, height_, width_, false}}; }

  void views(const lafs::Sample& sample, lafs::Rng& rng, lafs::Views& out) const override {
    const std::span<uint8_t> rgb = out.image(0, 0);
    lafs::Image whole = lafs::imaging::resized(sample.image, filter_, height_, width_);
    bool mirrored = options_.flip > 0 && rng.coin(options_.flip);
    if (!degradation_.is_off()) {
      whole = degraded(whole, std::exchange(mirrored, false), rng);
    }
    if (rand_augment_) {
      const std::vector<lafs::imaging::RandAugment::Change> changes = rand_augment_->draw(rng);
      if (!changes.empty()) whole = changed(whole, std::exchange(mirrored, false), changes);
    }
    crop(whole, mirrored, rng, rgb);
    if (options_.jitter) jitter(rgb, rng);
    erasing_.apply(rgb, rng);
  }

 private:
  lafs::Image degraded(const lafs::Image& whole, bool mirrored, lafs::Rng& rng) const {
    std::vector<uint8_t> bytes(static_cast<size_t>(whole.size()));
    copy(whole, mirrored, bytes);
    degradation_.apply(bytes, height_, width_, rng);
    return lafs::imaging::image_of(height_, width_, std::move(bytes));
  }

  lafs::Image changed(const lafs::Image& whole, bool mirrored, const std::vector<lafs::imaging::RandAugment::Change>& changes) const {
    lafs::imaging::Canvas canvas;
    canvas.load(whole);
    if (mirrored) canvas.mirror();
    for (const auto& change : changes) lafs::imaging::apply(canvas, change.op, change.argument, change.filter);
    std::vector<uint8_t> bytes(static_cast<size_t>(whole.size()));
    canvas.store(bytes);
    return lafs::imaging::image_of(height_, width_, std::move(bytes));
  }

  static void copy(const lafs::Image& whole, bool mirrored, std::span<uint8_t> rgb) {
    if (mirrored) return lafs::imaging::mirror(whole, rgb);
    std::copy_n(whole.row(0), rgb.size(), rgb.data());
  }

  Box draw_crop(lafs::Rng& rng) const {
    const std::span<const double, 2> scale(options_.crop_scale.data(), 2), ratio(options_.crop_ratio.data(), 2);
    return options_.crop_ratio_rule == "fitting" ? lafs::imaging::draw_fitting_crop(rng, height_, width_, scale, ratio)
                                                 : lafs::imaging::draw_crop(rng, height_, width_, scale, ratio);
  }

  void crop(const lafs::Image& whole, bool mirrored, lafs::Rng& rng, std::span<uint8_t> rgb) const {
    const Box box = options_.crop ? draw_crop(rng) : Box{0, 0, height_, width_};
    if (box.height == height_ && box.width == width_) return copy(whole, mirrored, rgb);
    lafs::imaging::crop_resize_bilinear(whole, box, height_, width_, rgb, mirrored);
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

  Options options_;
  int64_t height_, width_;
  lafs::imaging::ResampleFilter filter_;
  lafs::imaging::Degradation degradation_;
  std::optional<lafs::imaging::RandAugment> rand_augment_;
  lafs::face_supervised::Erasing erasing_;
};

}  // namespace

LAFS_PLUGIN(registrar) {
  registrar.add<FaceSupervised>("face_supervised",
                                "flip, RandAugment, crop, colour jitter and erasing as in the published fine-tuning, and degradations");
}
