#pragma once
#include <cstdint>
#include <vector>

#include "lafs/params.h"
#include "lafs/rng.h"

namespace lafs::identification {

/// Mixing of a micro-batch, mode "batch" (finetuning.md 4 and 4.1): one decision for all rows; a row's partner is the mirrored one.
struct MixingOptions {
  double mixup = 0, cutmix = 0, probability = 0.1, switch_probability = 0.5;
  std::vector<double> cutmix_minmax;
  bool correct_lambda = true;

  void declare(Params& p);
  bool on() const { return mixup > 0 || cutmix > 0 || !cutmix_minmax.empty(); }
};

struct Mixing {
  double lambda = 1;  ///< weight of a row's own label; 1: untouched
  bool box = false;   ///< cutmix: rows [top, bottom), columns [left, right) come from the partner
  int64_t top = 0, bottom = 0, left = 0, right = 0;
};

/// The decision for a micro-batch of images of height x width.
Mixing draw_mixing(const MixingOptions& options, int64_t height, int64_t width, Rng rng);

}  // namespace lafs::identification
