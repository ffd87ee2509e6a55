#include "nn/loss/head_abilities.h"

#include <torch/types.h>

#include "lafs/draws.h"
#include "lafs/error.h"

namespace lafs::nn {

HeadAbilities::HeadAbilities(Head& head)
    : head(head),
      margin(dynamic_cast<Margin*>(&head)),
      norm_gradient(dynamic_cast<NormGradient*>(&head)),
      changes_negatives(dynamic_cast<ChangesNegatives*>(&head)),
      extra_loss(dynamic_cast<ExtraLoss*>(&head)),
      whole_loss(dynamic_cast<WholeLoss*>(&head)),
      statistical(dynamic_cast<Statistical*>(&head)) {
  if (changes_negatives && !changes_negatives->active()) changes_negatives = nullptr;
}

Margin& HeadAbilities::as_margin() const {
  if (!margin) throw Error("this head gives no logits: it is neither a margin nor used as a whole loss");
  return *margin;
}

WholeLoss* HeadAbilities::as_whole_loss(const Targets& targets) const {
  if (!whole_loss) return nullptr;
  if (margin || norm_gradient || changes_negatives || extra_loss || statistical) {
    throw Error("a head that is a whole loss cannot have a margin, statistics, an extra loss or a say in norms and negatives");
  }
  if (targets.label_b.defined() || targets.smoothing > 0) throw Error("this head takes hard labels only: no mixup, cutmix or smoothing");
  return whole_loss;
}

at::Tensor HeadAbilities::target(const at::Tensor& cosines, const at::Tensor& norms, const at::Tensor& labels, const Pass& pass) const {
  const Pass inner{pass.training, pass.draws && pass.draws->rows() == cosines.size(0) ? pass.draws : nullptr, pass.collective};
  return as_margin().target({cosines, visible(norms), labels}, inner);
}

at::Tensor HeadAbilities::scaled(const at::Tensor& cosines, const at::Tensor& norms) const {
  if (norm_gradient && norm_gradient->scales_by_norm()) return cosines * norms.unsqueeze(1);
  return cosines * as_margin().scale();
}

void HeadAbilities::observe(const TargetColumn& dominant, const at::Tensor& norms, const Pass& pass) const {
  if (!statistical || !pass.training) return;
  const auto [cosines, lengths, labels] = dominant.rows(norms.detach());
  statistical->observe({cosines.detach(), lengths, labels}, pass);
}

void check_smoothing(const HeadAbilities& head) {
  if (head.changes_negatives) throw Error("label smoothing does not go with a head that changes the cosines of other classes");
}

}  // namespace lafs::nn
