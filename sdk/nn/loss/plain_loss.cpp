#include "nn/loss/plain_loss.h"

#include <utility>
#include <vector>

#include <torch/types.h>

#include "lafs/error.h"
#include "nn/layers/function.h"
#include "nn/loss/sparse_cross_entropy.h"
#include "nn/loss/unit_rows.h"

namespace lafs::nn {

namespace {

struct MarginLogits {
  at::Tensor logits, classes, weights;  ///< [B,C], then [B,K] (sparse) or undefined and [B,C] (dense)
};

at::Tensor identities(const at::Tensor& labels, const ClassMatrix& matrix) {
  return matrix.classes.defined() ? matrix.classes.index_select(0, labels) : labels;
}

MarginLogits sparse(const PlainScores& s, const ClassMatrix& matrix, const Targets& targets, const HeadAbilities& head, const Pass& pass) {
  const std::vector<TargetColumn> columns = target_columns(s.cosines, targets);
  at::Tensor negatives = s.cosines;
  if (head.changes_negatives) {
    const bool two = columns.size() == 2;
    const at::Tensor dominant = two ? at::where(targets.lambda >= 0.5, columns[0].cosine, columns[1].cosine) : columns[0].cosine;
    negatives = head.changes_negatives->negatives(negatives, dominant, pass);
  }
  std::vector<at::Tensor> classes, weights;
  at::Tensor logits = head.scaled(negatives, s.norms);
  // The first label is written last: where both are the same it is the one with the weight.
  for (size_t k = columns.size(); k-- > 0;) {
    const TargetColumn& c = columns[k];
    const auto [cosines, norms, labels] = c.rows(s.norms);
    const at::Tensor weight = c.valid.defined() ? c.weight.index_select(0, c.valid) : c.weight;
    const at::Tensor phi = head.target(cosines, norms, identities(labels, matrix), pass);
    at::Tensor rest = cosines;
    if (head.changes_negatives) {  // a label without weight is as any other class
      const at::Tensor changed = negatives.gather(1, c.label.unsqueeze(1)).squeeze(1);
      rest = at::where(weight > 0, cosines, c.valid.defined() ? changed.index_select(0, c.valid) : changed);
    }
    const at::Tensor value = head.scaled((weight * phi + (1 - weight) * rest).unsqueeze(1), head.visible(norms));
    if (c.valid.defined()) {
      logits = logits.index_put({c.valid, labels}, value.squeeze(1));
    } else {
      logits.scatter_(1, c.label.unsqueeze(1), value);
    }
    classes.insert(classes.begin(), c.label);
    weights.insert(weights.begin(), c.weight);
  }
  return {logits, at::stack(classes, 1), at::stack(weights, 1)};
}

MarginLogits dense(const PlainScores& s, const Targets& targets, const HeadAbilities& head, const Pass& pass) {
  check_smoothing(head);
  const int64_t b = s.cosines.size(0), c = s.cosines.size(1);
  at::Tensor y = at::zeros({b, c}, s.cosines.options());
  for (const TargetColumn& column : target_columns(s.cosines.detach(), targets)) {
    y.scatter_add_(1, column.label.unsqueeze(1), column.weight.unsqueeze(1));
  }
  y = (y * (1 - targets.smoothing) + targets.smoothing / static_cast<double>(c)) * targets.label_a.ge(0).unsqueeze(1);
  const at::Tensor norms = s.norms.unsqueeze(1).expand({b, c}).reshape({-1});
  const at::Tensor labels = at::arange(c, targets.label_a.options()).repeat({b});
  const at::Tensor phi = head.target(s.cosines.reshape({-1}), norms, labels, pass).view({b, c});
  return {head.scaled(y * phi + (1 - y) * s.cosines, s.norms), {}, y};
}

MarginLogits with_margins(const PlainScores& s, const ClassMatrix& matrix, const Targets& targets, const HeadAbilities& head,
                          const Pass& pass) {
  return targets.smoothing > 0 ? dense(s, targets, head, pass) : sparse(s, matrix, targets, head, pass);
}

}  // namespace

PlainScores plain_scores(const at::Tensor& embedding, const ClassMatrix& matrix, const Head& head) {
  UnitRows rows, classes;
  {
    const AutocastOff off;
    rows = unit_rows(embedding);
    classes.unit = matrix.normalised ? unit_rows(matrix.weight).unit : matrix.weight;
  }
  // In the autocast type, if there is one.
  const at::Tensor product = at::linear(matrix.normalised ? rows.unit : embedding, classes.unit, matrix.bias);
  const AutocastOff off;
  at::Tensor cosines = widened(product);
  if (matrix.sub_centers > 1) cosines = std::get<0>(cosines.view({cosines.size(0), -1, matrix.sub_centers}).max(2));
  return {head.clamp_cosines() ? cosines.clamp(-1, 1) : cosines, rows.lengths};
}

at::Tensor plain_logits(const PlainScores& scores, const ClassMatrix& matrix, const Targets& targets, const HeadAbilities& head,
                        const Pass& pass) {
  return with_margins(scores, matrix, targets, head, pass).logits;
}

at::Tensor plain_losses(const PlainScores& scores, const ClassMatrix& matrix, const Targets& targets, const HeadAbilities& head,
                        const Pass& pass) {
  if (targets.label_b.defined() && targets.mix == Mix::losses) {
    const auto [a, b] = targets.hard();
    const at::Tensor lambda = targets.lambda.to(scores.cosines.scalar_type());
    return lambda * plain_losses(scores, matrix, a, head, pass) + (1 - lambda) * plain_losses(scores, matrix, b, head, pass);
  }
  const MarginLogits m = with_margins(scores, matrix, targets, head, pass);
  if (m.classes.defined()) return sparse_cross_entropy(m.logits, m.classes, m.weights, matrix.probability_floor);
  return -(m.weights * at::log_softmax(m.logits, 1)).sum(1);
}

}  // namespace lafs::nn
