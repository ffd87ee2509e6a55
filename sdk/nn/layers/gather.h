#pragma once
#include <ATen/core/Tensor.h>

#include "lafs/collective.h"

namespace lafs::nn {

/// Rows of every rank, rank-major: [b, ...] -> [world*b, ...], recorded by autograd. The gradient that reaches a row is the sum
/// of what every rank's loss sends it (a contrastive loss over the global batch needs this): right where each rank's loss is the mean
/// over its own rows. World 1: the tensor itself. The graph must not outlive the step.
/// `gradient_factor` multiplies that gradient.
/// Every rank must call it, forward and backward, in the same order. [main thread]
at::Tensor gather_rows(const at::Tensor& rows, Collective& collective, double gradient_factor = 1);

}  // namespace lafs::nn
