#pragma once
#include <string>
#include <vector>

#include "erasing.h"
#include "imaging/colour_jitter.h"
#include "imaging/degrade.h"
#include "imaging/rand_augment.h"
#include "lafs/params.h"

namespace lafs::face_supervised {

/// The steps in their order: flip, degradations, RandAugment, crop, jitter, erasing. Each has a switch of its own.
struct Options {
  std::string preset = "published";
  double flip = 0.5;
  imaging::Degradation::Options degradation;
  bool randaugment = false;
  imaging::RandAugment::Options rand_augment;
  bool crop = true;
  std::vector<double> crop_scale{0.9, 1.0}, crop_ratio{3.0 / 4, 4.0 / 3};
  std::string crop_ratio_rule = "free";
  bool jitter = true;
  imaging::ColourJitter colours{0.1, 0.1, 0.1, 0.1};
  std::string hue_rule = "old";
  Erasing::Options erasing;

  void declare(Params& p);
};

/// The options with what the preset turns off turned off. Throws Error for ranges that are not two numbers in order and for options that
/// nothing uses, where no step checks them itself.
Options settled(Options options);

}  // namespace lafs::face_supervised
