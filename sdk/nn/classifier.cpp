#include "nn/classifier.h"

#include <cmath>

#include <fmt/format.h>
#include <torch/types.h>

#include "lafs/error.h"
#include "nn/dims.h"
#include "nn/function.h"

namespace lafs {

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

/// phi of cosines [M] whose embeddings have the norms [M].
at::Tensor margin(Head& head, const at::Tensor& cosines, const at::Tensor& norms, const Pass& pass) {
  if (auto* aware = dynamic_cast<NormAware*>(&head)) {
    return aware->target(cosines, aware->norms_need_gradient() ? norms : norms.detach(), pass);
  }
  return head.target(cosines, pass);
}

at::Tensor scaled(Head& head, const at::Tensor& cosines, const at::Tensor& norms) {
  const auto* aware = dynamic_cast<const NormAware*>(&head);
  if (!aware || !aware->scales_by_norm()) return cosines * head.scale();
  return cosines * (aware->norms_need_gradient() ? norms : norms.detach()).unsqueeze(1);
}

/// One target column a row: its class (0 where there is none), the plain cosine and the weight.
struct Column {
  at::Tensor label, cosine, weight;  // [B] each
};

Column column(const at::Tensor& cosines, const at::Tensor& label, const at::Tensor& weight) {
  const at::Tensor valid = label >= 0;
  const at::Tensor index = label.clamp_min(0);
  // A row without a target must not bring an infinite slope of the margin into 0 * infinity.
  const at::Tensor cosine = cosines.gather(1, index.unsqueeze(1)).squeeze(1).masked_fill(~valid, 0);
  return {index, cosine, weight * valid};
}

std::vector<Column> columns_of(const at::Tensor& cosines, const Targets& targets) {
  const at::Tensor one = at::ones({cosines.size(0)}, cosines.options());
  if (!targets.label_b.defined()) return {column(cosines, targets.label_a, one)};
  // Both labels the same: weight 1 and one margin (heads.md 4).
  const at::Tensor same = targets.label_a == targets.label_b;
  const at::Tensor lambda = targets.lambda.to(cosines.scalar_type()).masked_fill(same, 1);
  return {column(cosines, targets.label_a, lambda), column(cosines, targets.label_b, one - lambda)};
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

at::Tensor Targets::major() const { return label_b.defined() ? at::where(lambda >= 0.5, label_a, label_b) : label_a; }

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

Classifier::Marked Classifier::sparse(const Scores& s, const Targets& targets, Head& head, const Pass& pass) const {
  std::vector<Column> columns = columns_of(s.cosines, targets);
  at::Tensor others = s.cosines;
  if (auto* changes = dynamic_cast<ChangesOthers*>(&head)) {
    const bool two = columns.size() == 2;
    others = changes->others(others, two ? at::where(targets.lambda >= 0.5, columns[0].cosine, columns[1].cosine) : columns[0].cosine);
  }
  std::vector<at::Tensor> values, classes, weights;
  for (const Column& c : columns) {
    const at::Tensor phi = margin(head, c.cosine, s.norms, pass);
    values.push_back(c.weight * phi + (1 - c.weight) * c.cosine);
    classes.push_back(c.label);
    weights.push_back(c.weight);
  }
  // The first label is written last: where both are the same it is the one with the weight. A row without a target keeps its column.
  at::Tensor logits = scaled(head, others, s.norms);
  for (size_t k = columns.size(); k-- > 0;) {
    const at::Tensor index = classes[k].unsqueeze(1), value = scaled(head, values[k].unsqueeze(1), s.norms);
    const at::Tensor valid = (k == 0 ? targets.label_a : targets.label_b).ge(0).unsqueeze(1);
    const at::Tensor plain = scaled(head, others.gather(1, index), s.norms);
    logits.scatter_(1, index, at::where(valid, value, plain));
  }
  return {logits, at::stack(classes, 1), at::stack(weights, 1)};
}

Classifier::Marked Classifier::dense(const Scores& s, const Targets& targets, Head& head, const Pass& pass) const {
  if (dynamic_cast<ChangesOthers*>(&head)) throw Error("label smoothing does not go with a head that changes the cosines of other classes");
  const int64_t b = s.cosines.size(0), c = s.cosines.size(1);
  at::Tensor y = at::zeros({b, c}, s.cosines.options());
  for (const Column& column : columns_of(s.cosines.detach(), targets))
    y.scatter_add_(1, column.label.unsqueeze(1), column.weight.unsqueeze(1));
  y = (y * (1 - targets.smoothing) + targets.smoothing / static_cast<double>(c)) * targets.label_a.ge(0).unsqueeze(1);
  const at::Tensor norms = s.norms.unsqueeze(1).expand({b, c}).reshape({-1});
  const at::Tensor phi = margin(head, s.cosines.reshape({-1}), norms, pass).view({b, c});
  return {scaled(head, y * phi + (1 - y) * s.cosines, s.norms), {}, y};
}

Classifier::Marked Classifier::marked(const Scores& s, const Targets& targets, Head& head, const Pass& pass) const {
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
  if (accuracy) *accuracy = s.cosines.detach().argmax(1).eq(targets.major()).to(at::kFloat).mean();
  if (auto* whole = dynamic_cast<WholeLoss*>(&head)) {
    if (targets.label_b.defined() || targets.smoothing > 0) throw Error("this head takes hard labels only: no mixup, cutmix or smoothing");
    return whole->loss(s.cosines, targets.label_a);
  }
  const Marked m = marked(s, targets, head, pass.scope("head"));
  at::Tensor loss = m.classes.defined() ? sparse_cross_entropy(m.logits, m.classes, m.weights, options_.probability_floor).mean()
                                        : -(m.weights * at::log_softmax(m.logits, 1)).sum(1).mean();
  if (auto* extra = dynamic_cast<ExtraLoss*>(&head)) loss = loss + extra->extra_loss(s.norms);
  return loss;
}

}  // namespace lafs
