#include "nn/loss/targets.h"

#include <utility>

#include <fmt/format.h>
#include <torch/types.h>

#include "lafs/error.h"
#include "nn/layers/dims.h"

namespace lafs::nn {

at::Tensor Targets::dominant() const { return label_b.defined() ? at::where(lambda >= 0.5, label_a, label_b) : label_a; }

TargetColumn::Rows TargetColumn::rows(const at::Tensor& norms) const {
  if (!valid.defined()) return {cosine, norms, label};
  return {cosine.index_select(0, valid), norms.index_select(0, valid), label.index_select(0, valid)};
}

TargetColumn target_column(const at::Tensor& cosines, const at::Tensor& label, const at::Tensor& weight, bool complete) {
  if (complete) return {label, cosines.gather(1, label.unsqueeze(1)).squeeze(1), weight, {}};
  const at::Tensor there = label >= 0, index = label.clamp_min(0);
  return {index, cosines.gather(1, index.unsqueeze(1)).squeeze(1), weight * there, there.nonzero().squeeze(1)};
}

std::vector<TargetColumn> target_columns(const at::Tensor& cosines, const Targets& targets) {
  const at::Tensor one = at::ones({cosines.size(0)}, cosines.options());
  if (!targets.label_b.defined()) return {target_column(cosines, targets.label_a, one, targets.complete)};
  // Both labels the same: weight 1 and one margin (heads.md 4).
  const at::Tensor same = targets.label_a == targets.label_b;
  const at::Tensor lambda = targets.lambda.to(cosines.scalar_type()).masked_fill(same, 1);
  return {target_column(cosines, targets.label_a, lambda, targets.complete),
          target_column(cosines, targets.label_b, one - lambda, targets.complete)};
}

void check_targets(const at::Tensor& embedding, const Targets& targets, int64_t width) {
  const auto [b, d] = dims<2>(embedding, "embedding");
  if (d != width) throw Error(fmt::format("\"embedding\" has {} columns, the class matrix {}", d, width));
  for (const auto& [name, label] : {std::pair{"label_a", targets.label_a}, std::pair{"label_b", targets.label_b}}) {
    if (!label.defined()) continue;
    const auto [rows] = dims<1>(label, name);
    if (rows != b) throw Error(fmt::format("\"{}\" has {} rows, the embedding {}", name, rows, b));
  }
}

}  // namespace lafs::nn
