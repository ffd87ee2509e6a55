#include "nn/loss/classifier.h"

#include <cmath>
#include <utility>

#include <fmt/format.h>
#include <torch/types.h>

#include "lafs/error.h"
#include "lafs/memory.h"
#include "nn/layers/function.h"
#include "nn/loss/sparse_cross_entropy.h"

namespace lafs::nn {

namespace {

/// Like `x / max(|x|, 1e-12)` of the references, with the length beside it.
std::pair<at::Tensor, at::Tensor> normalised(const at::Tensor& rows) {
  const at::Tensor wide = widened(rows);
  const at::Tensor norms = wide.norm(2, {1}, true);  // [R,1]
  return {wide / norms.clamp_min(1e-12), norms.squeeze(1)};
}

}  // namespace

Classifier::Classifier(const Options& options) : options_(options) {
  const double rows = static_cast<double>(options.classes) * static_cast<double>(options.sub_centers);
  try {
    check_memory(rows * static_cast<double>(options.width) * sizeof(float),
                 fmt::format("the class matrix of {} identities, {} rows of {} numbers,", options.classes, rows, options.width));
  } catch (const Error& error) {
    throw Error(
        fmt::format("{}; if the labels of the training data have gaps, number them without: renumber = true of record_set", error.what()));
  }
  weight = register_parameter("weight", torch::empty({options.classes * options.sub_centers, options.width}));
  if (options.bias) bias = register_parameter("bias", torch::empty({weight.size(0)}));
}

std::vector<InitRule> Classifier::init_rules() const {
  const double bound = std::sqrt(6 / static_cast<double>(weight.size(0) + weight.size(1)));
  std::vector<InitRule> rules{{"weight", InitRule::Shape::uniform, -bound, bound}};
  if (options_.init == "normal_0.01") rules[0] = {"weight", InitRule::Shape::normal, 0, 0.01};
  if (options_.init == "unit_rows") rules[0] = {"weight", InitRule::Shape::unit_rows};
  if (options_.bias) rules.push_back({"bias", InitRule::Shape::constant, 0});
  return rules;
}

Classifier::Scores Classifier::scores(const at::Tensor& embedding, const Head& head) const {
  std::pair<at::Tensor, at::Tensor> rows, classes;
  {
    const AutocastOff off;
    rows = normalised(embedding);
    classes = options_.normalised ? normalised(weight) : std::pair(weight, at::Tensor());
  }
  // In the autocast type, if there is one.
  const at::Tensor product = at::linear(options_.normalised ? rows.first : embedding, classes.first, bias);
  const AutocastOff off;
  at::Tensor cosines = widened(product);
  if (options_.sub_centers > 1) {
    cosines = std::get<0>(cosines.view({cosines.size(0), options_.classes, options_.sub_centers}).max(2));
  }
  return {head.clamp_cosines() ? cosines.clamp(-1, 1) : cosines, rows.second};
}

Classifier::MarginLogits Classifier::sparse(const Scores& s, const Targets& targets, const HeadAbilities& head, const Pass& pass) const {
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
    const at::Tensor phi = head.target(cosines, norms, labels, pass);
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

Classifier::MarginLogits Classifier::dense(const Scores& s, const Targets& targets, const HeadAbilities& head, const Pass& pass) const {
  if (head.changes_negatives) throw Error("label smoothing does not go with a head that changes the cosines of other classes");
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

Classifier::MarginLogits Classifier::with_margins(const Scores& s, const Targets& targets, const HeadAbilities& head,
                                                  const Pass& pass) const {
  head.observe(s.cosines, s.norms, targets, pass);
  return targets.smoothing > 0 ? dense(s, targets, head, pass) : sparse(s, targets, head, pass);
}

at::Tensor Classifier::logits(const at::Tensor& embedding, const Targets& targets, const HeadAbilities& head, const Pass& pass) {
  check_targets(embedding, targets, options_.width);
  const Scores s = scores(embedding, head.head);
  const AutocastOff off;
  return with_margins(s, targets, head, pass.scope("head")).logits;
}

at::Tensor Classifier::loss(const at::Tensor& embedding, const Targets& targets, const HeadAbilities& head, const Pass& pass,
                            at::Tensor* accuracy) {
  check_targets(embedding, targets, options_.width);
  const Scores s = scores(embedding, head.head);
  const AutocastOff off;
  if (accuracy) *accuracy = s.cosines.detach().argmax(1).eq(targets.dominant()).to(at::kFloat).mean();
  if (WholeLoss* whole = head.as_whole_loss(targets)) return whole->losses(s.cosines, targets.label_a, pass.scope("head")).mean();
  const MarginLogits m = with_margins(s, targets, head, pass.scope("head"));
  at::Tensor loss = m.classes.defined() ? sparse_cross_entropy(m.logits, m.classes, m.weights, options_.probability_floor).mean()
                                        : -(m.weights * at::log_softmax(m.logits, 1)).sum(1).mean();
  if (head.extra_loss) loss = loss + head.extra_loss->extra_loss(head.visible(s.norms), pass.scope("head"));
  return loss;
}

}  // namespace lafs::nn
