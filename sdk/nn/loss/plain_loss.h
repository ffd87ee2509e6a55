#pragma once
#include <ATen/core/Tensor.h>

#include "nn/loss/head_abilities.h"
#include "nn/loss/targets.h"

namespace lafs::nn {

/// A class matrix, or some of its classes, with what a loss over it needs to know.
struct ClassMatrix {
  at::Tensor weight;        ///< [C*sub_centers, D]
  int64_t sub_centers = 1;  ///< rows a class
  double probability_floor = 0;
  at::Tensor classes;      ///< [C] int64, the identity of each class; undefined: they are numbered from 0
  at::Tensor bias;         ///< [C*sub_centers], added to the products; undefined: none
  bool normalised = true;  ///< false: products of embeddings and rows as they are stand for cosines
};

/// Cosines [B,C] and lengths of embeddings [B], by plain operations on the whole of both: what `fused_loss` is tested against, and the way
/// for heads that need all cosines at once, for sub-centres and for a GPU.
struct PlainScores {
  at::Tensor cosines, norms;
};
PlainScores plain_scores(const at::Tensor& embedding, const ClassMatrix& matrix, const Head& head);

/// The logits [B,C] of these targets, autocast off.
at::Tensor plain_logits(const PlainScores& scores, const ClassMatrix& matrix, const Targets& targets, const HeadAbilities& head,
                        const Pass& pass);

/// Losses [B] of targets within the matrix, without a head's extra loss; autocast off.
at::Tensor plain_losses(const PlainScores& scores, const ClassMatrix& matrix, const Targets& targets, const HeadAbilities& head,
                        const Pass& pass);

}  // namespace lafs::nn
