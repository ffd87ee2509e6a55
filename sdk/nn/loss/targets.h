#pragma once
#include <cstdint>
#include <utility>
#include <vector>

#include <ATen/core/Tensor.h>

namespace lafs::nn {

/// How a row with two labels is scored (heads.md 4): by one softmax whose margins are weighted, or by the weighted mean of two losses with
/// the whole margin.
enum class Mix { logits, losses };

/// What each row should be: `label_a` with weight lambda, `label_b` with 1 - lambda; label -1: nothing here.
struct Targets {
  at::Tensor label_a, label_b;  ///< [B] int64; label_b and lambda undefined: hard labels
  at::Tensor lambda;            ///< [B] float
  bool complete = true;         ///< no label is -1; say false where one may be
  double smoothing = 0;         ///< epsilon: every class gets epsilon/C, the rest is shared by the labels
  Mix mix = Mix::logits;

  at::Tensor dominant() const;  ///< [B], the label of larger weight
  /// The two labels as hard ones, the rest as it is.
  std::pair<Targets, Targets> hard() const;
};

/// Targets of rows [B,C] of weights, at most two a row. Throws Error naming the row whose weights do not add up to 1, are negative or more
/// than two.
Targets compact_targets(const at::Tensor& rows);

/// One target column of a batch: of each row its class (0 where there is none), the plain cosine and the weight.
struct TargetColumn {
  at::Tensor label, cosine, weight;  ///< [B] each
  at::Tensor valid;                  ///< [M] rows with a target; undefined: all

  /// The rows that have a target.
  struct Rows {
    at::Tensor cosines, norms, labels;  ///< [M] each
  };
  Rows rows(const at::Tensor& norms) const;  ///< norms [B]
};

/// The column of `label` [B] in cosines [B,C]; `complete`: no label is -1.
TargetColumn target_column(const at::Tensor& cosines, const at::Tensor& label, const at::Tensor& weight, bool complete);

/// One column for hard labels, two for mixed ones: label_a's first. A row with the same label twice has it once, with weight 1.
std::vector<TargetColumn> target_columns(const at::Tensor& cosines, const Targets& targets);

/// Throws Error naming the argument unless embedding is [B,width] and the labels are [B]; and naming the row, where they are on the CPU, of
/// a label outside [0, classes) and of a lambda outside [0, 1]. A label -1 is right where `complete` is false.
void check_targets(const at::Tensor& embedding, const Targets& targets, int64_t width, int64_t classes);

}  // namespace lafs::nn
