#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "imaging/canvas.h"
#include "imaging/rand_augment_ops.h"
#include "lafs/params.h"
#include "lafs/rng.h"

namespace lafs::imaging {

/// Random operations with one strength for all, RandAugment (arXiv:1909.13719) in the form of finetuning.md 3.2. It draws changes; a canvas
/// takes them:
///
///     RandAugment augment(options);
///     for (const RandAugment::Change& change : augment.draw(rng)) apply(canvas, change.op, change.argument, change.filter);
///
/// [any thread]
class RandAugment {
 public:
  struct Options {
    std::string policy;                   ///< "rand-m1-mstd0.5-inc1" (read_policy); sets the next four
    double magnitude = 1, noise = 0.5;    ///< level of an operation: normal, clipped to [0, 10]
    int64_t count = 2;                    ///< operations drawn for a picture, with replacement
    bool increasing = true;               ///< see has_sign
    double probability = 0.5;             ///< of each drawn operation to be applied
    std::vector<std::string> operations;  ///< names; empty: all 13

    void declare(Params& p);  ///< keys that begin with "randaugment_"
  };
  struct Change {
    AugmentOp op;
    double argument;
    TransformFilter filter;
  };

  /// Throws Error for a policy with sections that cannot be read, all of them named; for a policy beside one of the options it sets; and
  /// for operations named twice.
  explicit RandAugment(const Options& options);

  /// Draws, in this order: every operation; then for each its coin and, where that falls for it, what it needs of level, sign and filter
  /// (bilinear and bicubic are equally likely). Noise of 0 draws no level.
  std::vector<Change> draw(Rng& rng) const;

 private:
  Options options_;
  std::vector<AugmentOp> ops_;
};

}  // namespace lafs::imaging
