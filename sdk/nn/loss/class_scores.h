#pragma once
#include <cstdint>
#include <functional>
#include <optional>

#include <ATen/core/Tensor.h>

namespace lafs::nn {

/// What a head makes of the classes that are not a row's targets.
struct NegativeRule {
  /// Logits [R,n] of cosines [R,n], given the rows' target cosines [R]; R is a multiple of B, the rows of the batch over and over, for n
  /// classes each from `first_class` on. Works number by number; called again in the backward pass, recorded by autograd.
  std::function<at::Tensor(const at::Tensor& cosines, const at::Tensor& targets, int64_t first_class)> logits;
  /// The target cosines [B] for that, once all cosines [B,K] of target classes are known, which may be outside [-1, 1].
  std::function<at::Tensor(const at::Tensor& targets)> target_of_row;
  /// Adds up the slopes [B] of these over the ranks, in the backward pass; empty: there is one.
  std::function<void(at::Tensor& slopes)> sum_over_ranks;
  at::Tensor column;  ///< [B] int64, the column of [B,K] that these come from
  bool sum = false;   ///< also the sum of the logits
};

struct ClassScoreOptions {
  double scale = 1;                       ///< logits are scale times cosines
  bool clamp = true;                      ///< cosines to [-1, 1] before that; not those of `ClassScores::targets`
  at::ScalarType product = at::kFloat;    ///< type in which embeddings and classes are multiplied
  std::optional<NegativeRule> negatives;  ///< instead of the scale
};

/// What a softmax with margins needs of all classes: everything else is arithmetic on K columns.
struct ClassScores {
  at::Tensor targets;    ///< [B,K] cosines of the target classes, 0 where there is none
  at::Tensor negatives;  ///< [B] logarithm of the sum of exp(logit) over all classes but the row's targets; -inf where there is none
  at::Tensor sum;        ///< [B] sum of these logits, where asked for
  at::Tensor largest;    ///< [B] largest cosine among them, without gradient; -inf where there is none
};

/// Whether `class_scores` takes these: contiguous on the CPU, fp32 or fp64.
bool class_scores_take(const at::Tensor& unit, const at::Tensor& matrix);

/// Cosines between rows of unit length [B,D] and the rows of the matrix [C,D], which need no unit length, in blocks of classes: neither the
/// matrix nor the logits are copied, one number a row and class is kept for the backward pass, and the gradient of the matrix is written
/// once. `columns` [B,K] int64 are the target classes; -1: none. A row names no class twice. Recorded by autograd; the number of threads
/// does not enter a result. [main thread]
ClassScores class_scores(const at::Tensor& unit, const at::Tensor& matrix, const at::Tensor& columns, const ClassScoreOptions& options);

}  // namespace lafs::nn
