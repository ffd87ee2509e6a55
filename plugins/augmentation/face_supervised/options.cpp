#include "options.h"

#include "imaging/idle_options.h"
#include "imaging/view_chain.h"
#include "lafs/error.h"

namespace lafs::face_supervised {

namespace {

void check_switches(const Options& options) {
  const Options plain;
  const auto& given = options.rand_augment;
  const auto& usual = plain.rand_augment;
  if (!options.randaugment) {
    imaging::refuse_idle("without randaugment = true", {{"randaugment_policy", given.policy != usual.policy},
                                                        {"randaugment_magnitude", given.magnitude != usual.magnitude},
                                                        {"randaugment_noise", given.noise != usual.noise},
                                                        {"randaugment_count", given.count != usual.count},
                                                        {"randaugment_increasing", given.increasing != usual.increasing},
                                                        {"randaugment_probability", given.probability != usual.probability},
                                                        {"randaugment_operations", given.operations != usual.operations}});
  }
  if (!options.crop) {
    imaging::refuse_idle("without crop = true", {{"crop_scale", options.crop_scale != plain.crop_scale},
                                                 {"crop_ratio", options.crop_ratio != plain.crop_ratio},
                                                 {"crop_ratio_rule", options.crop_ratio_rule != plain.crop_ratio_rule}});
  }
  if (!options.jitter) {
    imaging::refuse_idle("without jitter = true", {{"brightness", options.colours.brightness != plain.colours.brightness},
                                                   {"contrast", options.colours.contrast != plain.colours.contrast},
                                                   {"saturation", options.colours.saturation != plain.colours.saturation},
                                                   {"hue", options.colours.hue != plain.colours.hue},
                                                   {"hue_rule", options.hue_rule != plain.hue_rule}});
  }
}

}  // namespace

void Options::declare(Params& p) {
  p.affects_unless("published", "preset", preset, one_of({"published", "flip_only"}),
                   "published: every step as its own options say; flip_only: the flip and nothing else");
  p("flip", flip, in(0, 1), "probability of a mirrored picture, before all else");
  degradation.declare(p);
  p.affects_unless(false, "randaugment", randaugment, {},
                   "random operations of one strength, before the crop; the published recipes use it");
  rand_augment.declare(p);
  p("crop", crop, "cut out a part and enlarge it; after ten tries without one that fits, the whole picture");
  p("crop_scale", crop_scale, in(1e-6, 1), "lowest and highest share of the area");
  p("crop_ratio", crop_ratio, in(1e-3, 1e3), "lowest and highest width over height, drawn log-uniformly");
  p.affects_unless("free", "crop_ratio_rule", crop_ratio_rule, one_of({"free", "fitting"}),
                   "free: any ratio in the range, so that most tries do not fit and 9 of 100 pictures stay whole (quirk FT-24); fitting: "
                   "only ratios that fit the drawn area");
  p("jitter", jitter, "change brightness, contrast, saturation and hue, in random order");
  colours.declare(p);
  p("hue_rule", hue_rule, one_of({"old", "new"}), "old: hue results times 255, truncated; new: times 255.999");
  erasing.declare(p);
}

Options settled(Options options) {
  imaging::check_range("crop_scale", options.crop_scale);
  imaging::check_range("crop_ratio", options.crop_ratio);
  if (options.preset == "flip_only") {
    imaging::refuse_idle("with preset = \"flip_only\"", {{"low_light", options.degradation.low_light > 0},
                                                         {"motion_blur", options.degradation.motion_blur > 0},
                                                         {"downscale", options.degradation.downscale > 0},
                                                         {"jpeg", options.degradation.jpeg > 0},
                                                         {"randaugment", options.randaugment},
                                                         {"crop", !options.crop},
                                                         {"jitter", !options.jitter},
                                                         {"erasing", options.erasing.probability != Erasing::Options().probability}});
    options.crop = options.jitter = false;
    options.erasing.probability = 0;
  }
  check_switches(options);
  return options;
}

}  // namespace lafs::face_supervised
