#pragma once
#include <ATen/core/Tensor.h>

#include "lafs/head.h"
#include "lafs/pass.h"
#include "nn/loss/targets.h"

namespace lafs::nn {

/// A head and what it can do besides `Head`, found once: a null pointer where it lacks the ability. The head must outlive it. A `Head&` is
/// taken wherever this is asked for; keep one where a head is used step after step.
struct HeadAbilities {
  HeadAbilities(Head& head);  // NOLINT: meant to be implicit

  Head& head;
  Margin* margin;
  NormGradient* norm_gradient;
  ChangesNegatives* changes_negatives;
  ExtraLoss* extra_loss;
  WholeLoss* whole_loss;
  Statistical* statistical;

  /// Throws Error unless the head is a margin.
  Margin& as_margin() const;
  /// The whole loss; null for a margin. Throws Error for a whole loss with abilities of a margin, and for targets it cannot take.
  WholeLoss* as_whole_loss(const Targets& targets) const;

  /// Norms as the head may see them: without gradient unless it is a `NormGradient`.
  at::Tensor visible(const at::Tensor& norms) const { return norm_gradient ? norms : norms.detach(); }
  /// phi [M] of target cosines [M]. Draws belong to the rows of the batch: a rule on other rows gets none.
  at::Tensor target(const at::Tensor& cosines, const at::Tensor& norms, const at::Tensor& labels, const Pass& pass) const;
  /// Cosines [R,C] as logits: times the head's scale, or times the norms [R].
  at::Tensor scaled(const at::Tensor& cosines, const at::Tensor& norms) const;
  /// Running statistics see the label of larger weight, once a loss of a training pass: its rows that are here.
  void observe(const TargetColumn& dominant, const at::Tensor& norms, const Pass& pass) const;
};

/// Throws Error for a head that changes the cosines of classes that are not targets: smoothing makes every class a target.
void check_smoothing(const HeadAbilities& head);

}  // namespace lafs::nn
