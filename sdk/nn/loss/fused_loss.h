#pragma once
#include <ATen/core/Tensor.h>

#include "nn/loss/class_scores.h"
#include "nn/loss/head_abilities.h"
#include "nn/loss/plain_loss.h"
#include "nn/loss/targets.h"
#include "nn/loss/unit_rows.h"

namespace lafs::nn {

/// The targets of a batch as columns of a matrix, which may hold some of the classes only.
struct ClassColumns {
  at::Tensor identities;  ///< [B,K] int64; -1: none, also for a second label that is the first
  at::Tensor places;      ///< [B,K] the same in this matrix; -1: elsewhere
  at::Tensor shares;      ///< [B,K] float, lambda and 1 - lambda
  at::Tensor dominant;    ///< [B] int64, the column of larger weight

  /// With `places` equal to `identities`.
  explicit ClassColumns(const Targets& targets);
  at::Tensor weights() const;  ///< [B,K], 0 where there is no label
};

/// Whether `fused_losses` takes these: a margin scaled by a number, one row a class, on the CPU.
bool fused_losses_take(const at::Tensor& embedding, const ClassMatrix& matrix, const Targets& targets, const HeadAbilities& head);

/// Losses [B] as `plain_losses` gives them, without logits [B,C] nor a copy of the matrix, and with the head's `observe`. The classes of
/// all ranks count; `collective` null: this process has them all. `correct`, if asked for, becomes [B]: 1 where no plain cosine is larger
/// than the dominant label's. Autocast off; `product` is the type of the product.
at::Tensor fused_losses(const UnitRows& embedding, const ClassMatrix& matrix, const ClassColumns& columns, const Targets& targets,
                        const HeadAbilities& head, const Pass& pass, at::ScalarType product, Collective* collective, at::Tensor* correct);

}  // namespace lafs::nn
