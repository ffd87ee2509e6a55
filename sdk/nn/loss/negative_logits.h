#pragma once
#include <ATen/core/Tensor.h>

#include "nn/loss/class_blocks.h"
#include "nn/loss/class_scores.h"
#include "nn/loss/class_targets.h"

namespace lafs::nn {

/// `class_scores` where a head changes the cosines of classes that are not targets: some blocks of classes at a time, by plain operations.
struct NegativeTask {
  const ClassBlocks& blocks;
  const ClassTargets& targets;
  const at::Tensor& cosines;      ///< [B*C] by blocks
  const at::Tensor& row_targets;  ///< [B]
  const NegativeRule& rule;
  bool clamp;
};

/// Writes the logarithm of the sum of exponentials [B], and the sum [B] where it is asked for.
void fill_negatives(const NegativeTask& task, at::Tensor lse, at::Tensor sum);

struct NegativeSlopes {
  at::Tensor cosines;      ///< [B*C] by blocks; 0 for the targets
  at::Tensor row_targets;  ///< [B]
};
/// From the gradients of what `fill_negatives` wrote.
NegativeSlopes negative_slopes(const NegativeTask& task, const at::Tensor& lse, const at::Tensor& lse_gradient,
                               const at::Tensor& sum_gradient);

}  // namespace lafs::nn
