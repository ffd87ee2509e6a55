#pragma once
#include <ATen/core/Tensor.h>

#include "lafs/collective.h"

namespace lafs::nn {

/// Cross-entropy over classes that lie on all ranks together (heads.md 5.3, 5.7) -> [G], the same on every rank. Of each row:
/// `negatives` [G], the logarithm of the sum of exp(logit) over this rank's classes that are not its targets, -inf where it has none;
/// `targets` [G,K], the logits of its target classes, -inf where the class is elsewhere; `weights` [G,K] of the classes in the row's
/// target, the same on every rank. Value: lse - sum_k w_k z_k; with `floor` > 0 as `sparse_cross_entropy`. Gradient: p - y of this rank's
/// part. Three reductions forward, none backward. Every rank must call it. [main thread]
at::Tensor shared_cross_entropy(const at::Tensor& negatives, const at::Tensor& targets, const at::Tensor& weights, double floor,
                                Collective* collective);

}  // namespace lafs::nn
