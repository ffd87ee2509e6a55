#include "nn/loss/classifier.h"

#include <cmath>

#include <fmt/format.h>
#include <torch/types.h>

#include "lafs/error.h"
#include "nn/layers/dims.h"
#include "nn/layers/function.h"

namespace lafs::nn {

namespace {

struct SparseCrossEntropy {
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& logits, const at::Tensor& classes,
                            const at::Tensor& weights, double floor) {
    const at::Tensor lse = at::logsumexp(logits, 1, true);  // [B,1]
    context->save_for_backward({logits, lse, classes, weights});
    const at::Tensor chosen = logits.gather(1, classes);  // [B,K]
    if (floor <= 0) return lse.squeeze(1) - (weights * chosen).sum(1);
    const double limit = -std::log(floor);
    return (weights * (lse - chosen).clamp_max(limit)).sum(1) + (1 - weights.sum(1)) * limit;
  }

  static std::vector<at::Tensor> backward(torch::autograd::AutogradContext* context, const at::Tensor& gradient) {
    const auto saved = context->get_saved_variables();
    at::Tensor out = (saved[0] - saved[1]).exp_();  // [B,C], softmax
    out.scatter_add_(1, saved[2], -saved[3].to(out.scalar_type()));
    return {out.mul_(gradient.unsqueeze(1)), {}, {}, {}};
  }
};

/// Like `x / max(|x|, 1e-12)` of the references, with the length beside it.
std::pair<at::Tensor, at::Tensor> normalised(const at::Tensor& rows) {
  const at::Tensor wide = widened(rows);
  const at::Tensor norms = wide.norm(2, {1}, true);  // [R,1]
  return {wide / norms.clamp_min(1e-12), norms.squeeze(1)};
}

const Margin& as_margin(const Head& head) {
  const auto* margin = dynamic_cast<const Margin*>(&head);
  if (!margin) throw Error("this head gives no logits: it is neither a margin nor used as a whole loss");
  return *margin;
}

template <typename Ability>
bool is(const Head& head) {
  return dynamic_cast<const Ability*>(&head) != nullptr;
}

/// Norms as the head may see them.
at::Tensor visible(const Head& head, const at::Tensor& norms) { return is<NormGradient>(head) ? norms : norms.detach(); }

/// phi [M]. Draws belong to the rows of the batch: a rule on other rows gets none.
at::Tensor margin(Head& head, const at::Tensor& cosines, const at::Tensor& norms, const at::Tensor& labels, const Pass& pass) {
  const Pass inner{pass.training, pass.draws && pass.draws->rows() == cosines.size(0) ? pass.draws : nullptr, pass.collective};
  return const_cast<Margin&>(as_margin(head)).target({cosines, visible(head, norms), labels}, inner);
}

at::Tensor scaled(const Head& head, const at::Tensor& cosines, const at::Tensor& norms) {
  const auto* by_norm = dynamic_cast<const NormGradient*>(&head);
  if (!by_norm || !by_norm->scales_by_norm()) return cosines * as_margin(head).scale();
  return cosines * norms.unsqueeze(1);
}

/// One target column a row: its class (0 where there is none), the plain cosine and the weight.
struct Column {
  at::Tensor label, cosine, weight;  // [B] each
  at::Tensor valid;                  // [M] rows with a target; undefined: all
};

Column column(const at::Tensor& cosines, const at::Tensor& label, const at::Tensor& weight, bool complete) {
  if (complete) return {label, cosines.gather(1, label.unsqueeze(1)).squeeze(1), weight, {}};
  const at::Tensor there = label >= 0, index = label.clamp_min(0);
  return {index, cosines.gather(1, index.unsqueeze(1)).squeeze(1), weight * there, there.nonzero().squeeze(1)};
}

/// The rows of a column that have a target: cosines, norms, labels.
struct Chosen {
  at::Tensor cosines, norms, labels;
};
Chosen chosen(const Column& c, const at::Tensor& norms) {
  if (!c.valid.defined()) return {c.cosine, norms, c.label};
  return {c.cosine.index_select(0, c.valid), norms.index_select(0, c.valid), c.label.index_select(0, c.valid)};
}

std::vector<Column> columns_of(const at::Tensor& cosines, const Targets& targets) {
  const at::Tensor one = at::ones({cosines.size(0)}, cosines.options());
  if (!targets.label_b.defined()) return {column(cosines, targets.label_a, one, targets.complete)};
  // Both labels the same: weight 1 and one margin (heads.md 4).
  const at::Tensor same = targets.label_a == targets.label_b;
  const at::Tensor lambda = targets.lambda.to(cosines.scalar_type()).masked_fill(same, 1);
  return {column(cosines, targets.label_a, lambda, targets.complete), column(cosines, targets.label_b, one - lambda, targets.complete)};
}

void check(const at::Tensor& embedding, const Targets& targets, int64_t width) {
  const auto [b, d] = dims<2>(embedding, "embedding");
  if (d != width) throw Error(fmt::format("\"embedding\" has {} columns, the class matrix {}", d, width));
  for (const auto& [name, label] : {std::pair{"label_a", targets.label_a}, std::pair{"label_b", targets.label_b}}) {
    if (!label.defined()) continue;
    const auto [rows] = dims<1>(label, name);
    if (rows != b) throw Error(fmt::format("\"{}\" has {} rows, the embedding {}", name, rows, b));
  }
}

}  // namespace

at::Tensor Targets::dominant() const { return label_b.defined() ? at::where(lambda >= 0.5, label_a, label_b) : label_a; }

at::Tensor sparse_cross_entropy(const at::Tensor& logits, const at::Tensor& classes, const at::Tensor& weights, double floor) {
  return Function<SparseCrossEntropy>::apply(logits, classes, weights, floor);
}

Classifier::Classifier(const Options& options) : options_(options) {
  weight = register_parameter("weight", torch::empty({options.classes * options.sub_centers, options.width}));
}

std::vector<InitRule> Classifier::init_rules() const {
  if (options_.init == "normal_0.01") return {{"weight", InitRule::Shape::normal, 0, 0.01}};
  if (options_.init == "unit_rows") return {{"weight", InitRule::Shape::unit_rows}};
  const double bound = std::sqrt(6 / static_cast<double>(weight.size(0) + weight.size(1)));
  return {{"weight", InitRule::Shape::uniform, -bound, bound}};
}

Classifier::Scores Classifier::scores(const at::Tensor& embedding, const Head& head) const {
  std::pair<at::Tensor, at::Tensor> rows, classes;
  {
    const AutocastOff off;
    rows = normalised(embedding);
    classes = normalised(weight);
  }
  const at::Tensor product = at::linear(rows.first, classes.first);  // in the autocast type, if there is one
  const AutocastOff off;
  at::Tensor cosines = widened(product);
  if (options_.sub_centers > 1) {
    cosines = std::get<0>(cosines.view({cosines.size(0), options_.classes, options_.sub_centers}).max(2));
  }
  return {head.clamp_cosines() ? cosines.clamp(-1, 1) : cosines, rows.second};
}

namespace {

/// Running statistics see the label of larger weight, once a loss.
void observe(Head& head, const at::Tensor& cosines, const at::Tensor& norms, const Targets& targets, const Pass& pass) {
  auto* statistical = dynamic_cast<Statistical*>(&head);
  if (!statistical || !pass.training) return;
  const Column c = column(cosines.detach(), targets.dominant(), at::ones_like(norms), targets.complete);
  const auto [chosen_cosines, chosen_norms, labels] = chosen(c, norms.detach());
  statistical->observe({chosen_cosines, chosen_norms, labels}, pass);
}

}  // namespace

Classifier::Marked Classifier::sparse(const Scores& s, const Targets& targets, Head& head, const Pass& pass) const {
  const std::vector<Column> columns = columns_of(s.cosines, targets);
  at::Tensor negatives = s.cosines;
  if (auto* changes = dynamic_cast<ChangesNegatives*>(&head)) {
    const bool two = columns.size() == 2;
    negatives = changes->negatives(negatives,
                                   two ? at::where(targets.lambda >= 0.5, columns[0].cosine, columns[1].cosine) : columns[0].cosine, pass);
  }
  std::vector<at::Tensor> classes, weights;
  at::Tensor logits = scaled(head, negatives, s.norms);
  // The first label is written last: where both are the same it is the one with the weight.
  for (size_t k = columns.size(); k-- > 0;) {
    const Column& c = columns[k];
    const auto [cosines, norms, labels] = chosen(c, s.norms);
    const at::Tensor weight = c.valid.defined() ? c.weight.index_select(0, c.valid) : c.weight;
    const at::Tensor phi = margin(head, cosines, norms, labels, pass);
    const at::Tensor value = scaled(head, (weight * phi + (1 - weight) * cosines).unsqueeze(1), visible(head, norms));
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

Classifier::Marked Classifier::dense(const Scores& s, const Targets& targets, Head& head, const Pass& pass) const {
  if (dynamic_cast<ChangesNegatives*>(&head))
    throw Error("label smoothing does not go with a head that changes the cosines of other classes");
  const int64_t b = s.cosines.size(0), c = s.cosines.size(1);
  at::Tensor y = at::zeros({b, c}, s.cosines.options());
  for (const Column& column : columns_of(s.cosines.detach(), targets))
    y.scatter_add_(1, column.label.unsqueeze(1), column.weight.unsqueeze(1));
  y = (y * (1 - targets.smoothing) + targets.smoothing / static_cast<double>(c)) * targets.label_a.ge(0).unsqueeze(1);
  const at::Tensor norms = s.norms.unsqueeze(1).expand({b, c}).reshape({-1});
  const at::Tensor labels = at::arange(c, targets.label_a.options()).repeat({b});
  const at::Tensor phi = margin(head, s.cosines.reshape({-1}), norms, labels, pass).view({b, c});
  return {scaled(head, y * phi + (1 - y) * s.cosines, s.norms), {}, y};
}

Classifier::Marked Classifier::marked(const Scores& s, const Targets& targets, Head& head, const Pass& pass) const {
  observe(head, s.cosines, s.norms, targets, pass);
  return targets.smoothing > 0 ? dense(s, targets, head, pass) : sparse(s, targets, head, pass);
}

at::Tensor Classifier::logits(const at::Tensor& embedding, const Targets& targets, Head& head, const Pass& pass) {
  check(embedding, targets, options_.width);
  const Scores s = scores(embedding, head);
  const AutocastOff off;
  return marked(s, targets, head, pass.scope("head")).logits;
}

at::Tensor Classifier::loss(const at::Tensor& embedding, const Targets& targets, Head& head, const Pass& pass, at::Tensor* accuracy) {
  check(embedding, targets, options_.width);
  const Scores s = scores(embedding, head);
  const AutocastOff off;
  if (accuracy) *accuracy = s.cosines.detach().argmax(1).eq(targets.dominant()).to(at::kFloat).mean();
  if (auto* whole = dynamic_cast<WholeLoss*>(&head)) {
    if (is<Margin>(head) || is<NormGradient>(head) || is<ChangesNegatives>(head) || is<ExtraLoss>(head) || is<Statistical>(head)) {
      throw Error("a head that is a whole loss cannot have a margin, statistics, an extra loss or a say in norms and negatives");
    }
    if (targets.label_b.defined() || targets.smoothing > 0) throw Error("this head takes hard labels only: no mixup, cutmix or smoothing");
    return whole->losses(s.cosines, targets.label_a, pass.scope("head")).mean();
  }
  const Marked m = marked(s, targets, head, pass.scope("head"));
  at::Tensor loss = m.classes.defined() ? sparse_cross_entropy(m.logits, m.classes, m.weights, options_.probability_floor).mean()
                                        : -(m.weights * at::log_softmax(m.logits, 1)).sum(1).mean();
  if (auto* extra = dynamic_cast<ExtraLoss*>(&head)) loss = loss + extra->extra_loss(visible(head, s.norms), pass.scope("head"));
  return loss;
}

}  // namespace lafs::nn
