#include "nn/loss/targets.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>
#include <torch/types.h>

#include "lafs/error.h"
#include "nn/layers/dims.h"

namespace lafs::nn {

at::Tensor Targets::dominant() const { return label_b.defined() ? at::where(lambda >= 0.5, label_a, label_b) : label_a; }

std::pair<Targets, Targets> Targets::hard() const {
  Targets a = *this;
  a.label_b = a.lambda = at::Tensor();
  Targets b = a;
  b.label_a = label_b;
  return {a, b};
}

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

namespace {

/// Of labels on the CPU.
void check_labels(const char* name, const at::Tensor& label, bool complete, int64_t classes) {
  const at::Tensor own = label.contiguous();
  const int64_t* labels = own.const_data_ptr<int64_t>();
  for (int64_t r = 0; r < own.size(0); ++r) {
    if (labels[r] < classes && (labels[r] >= 0 || (labels[r] == -1 && !complete))) continue;
    throw Error(fmt::format("row {} of \"{}\" is {}, which is none of the {} identities of the class matrix, 0 to {}", r, name, labels[r],
                            classes, classes - 1));
  }
}

void check_lambda(const at::Tensor& lambda) {
  const at::Tensor wide = lambda.to(at::kDouble).contiguous();
  const double* weights = wide.const_data_ptr<double>();
  for (int64_t r = 0; r < wide.size(0); ++r) {
    if (weights[r] >= 0 && weights[r] <= 1) continue;
    throw Error(fmt::format("row {} of \"lambda\" is {}, outside [0, 1]: the weights of a row's two labels are lambda and 1 - lambda", r,
                            weights[r]));
  }
}

}  // namespace

void check_targets(const at::Tensor& embedding, const Targets& targets, int64_t width, int64_t classes) {
  const auto [b, d] = dims<2>(embedding, "embedding");
  if (d != width) throw Error(fmt::format("\"embedding\" has {} columns, the class matrix {}", d, width));
  for (const auto& [name, label] : {std::pair{"label_a", targets.label_a}, std::pair{"label_b", targets.label_b}}) {
    if (!label.defined()) continue;
    const auto [rows] = dims<1>(label, name);
    if (rows != b) throw Error(fmt::format("\"{}\" has {} rows, the embedding {}", name, rows, b));
    if (label.is_cpu()) check_labels(name, label, targets.complete, classes);
  }
  if (!targets.label_b.defined()) return;
  const auto [rows] = dims<1>(targets.lambda, "lambda");
  if (rows != b) throw Error(fmt::format("\"lambda\" has {} rows, the embedding {}", rows, b));
  if (targets.lambda.is_cpu()) check_lambda(targets.lambda);
}

Targets compact_targets(const at::Tensor& rows) {
  dims<2>(rows, "targets");
  const at::Tensor wide = rows.to(at::kDouble).cpu();
  const auto [weights, classes] = wide.topk(std::min<int64_t>(2, wide.size(1)), 1);
  const at::Tensor sums = wide.sum(1), counts = wide.ne(0).sum(1), least = std::get<0>(wide.min(1));
  for (int64_t r = 0; r < wide.size(0); ++r) {
    const double sum = sums[r].item<double>();
    if (!(std::abs(sum - 1) < 1e-4)) throw Error(fmt::format("row {} of \"targets\" adds up to {:.6g}, not to 1", r, sum));
    if (least[r].item<double>() < 0) throw Error(fmt::format("row {} of \"targets\" has a negative weight", r));
    const auto count = counts[r].item<int64_t>();
    if (count > 2) throw Error(fmt::format("row {} of \"targets\" has {} classes with a weight; at most two can be mixed", r, count));
  }
  Targets targets;
  targets.label_a = classes.select(1, 0).to(rows.device());
  targets.label_b = classes.select(1, -1).to(rows.device());
  targets.lambda = weights.select(1, 0).to(rows.device(), at::kFloat);
  return targets;
}

}  // namespace lafs::nn
