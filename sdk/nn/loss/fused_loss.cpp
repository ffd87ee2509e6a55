#include "nn/loss/fused_loss.h"

#include <limits>
#include <vector>

#include <torch/types.h>

#include "lafs/collective.h"
#include "nn/layers/function.h"
#include "nn/loss/shared_cross_entropy.h"

namespace lafs::nn {

namespace {

constexpr double nothing = -std::numeric_limits<double>::infinity();

/// One call of `fused_losses`.
class FusedLoss {
 public:
  FusedLoss(const UnitRows& embedding, const ClassMatrix& matrix, const ClassColumns& columns, const Targets& targets,
            const HeadAbilities& head, const Pass& pass, Collective* collective)
      : embedding_(embedding),
        matrix_(matrix),
        columns_(columns),
        targets_(targets),
        head_(head),
        pass_(pass),
        collective_(collective),
        here_(columns.places >= 0) {}

  at::Tensor losses(at::ScalarType product, at::Tensor* correct) {
    const ClassScoreOptions options = options_for(product);
    const ClassScores scores = class_scores(embedding_.unit, matrix_.weight, columns_.places, options);
    const at::Tensor cosines = clamped(scores.targets);
    if (correct) *correct = correct_rows(scores.largest, cosines.detach());
    if (!options.negatives || targets_.smoothing > 0) observe(cosines);
    if (targets_.smoothing > 0) return smoothed(scores, cosines);
    if (columns_.places.size(1) == 2 && targets_.mix == Mix::losses) return mixed(scores, cosines);
    const at::Tensor shares = columns_.shares.to(cosines.scalar_type());
    return cross_entropy(scores.negatives, margins(cosines, shares), columns_.weights());
  }

 private:
  ClassScoreOptions options_for(at::ScalarType product) const {
    ClassScoreOptions options;
    options.scale = head_.as_margin().scale();
    options.clamp = head_.head.clamp_cosines();
    options.product = product;
    if (targets_.smoothing > 0) {
      options.negatives = smoothed_negatives();
    } else if (head_.changes_negatives) {
      options.negatives = changed_negatives();
    }
    return options;
  }

  NegativeRule changed_negatives() const {
    NegativeRule rule;
    rule.column = columns_.dominant;
    rule.target_of_row = [this](const at::Tensor& targets) {
      const at::Tensor cosines = clamped(targets).contiguous();
      observe(cosines);
      at::Tensor own = cosines.gather(1, columns_.dominant.unsqueeze(1)).squeeze(1);  // 0 where the class is on another rank
      if (collective_) collective_->sum(own);
      return own;
    };
    // The graph of a step never outlives the step, and so not the collective.
    if (collective_) rule.sum_over_ranks = [collective = collective_](at::Tensor& slopes) { collective->sum(slopes); };
    rule.logits = [head = head_, pass = pass_](const at::Tensor& cosines, const at::Tensor& targets, int64_t) {
      return head.changes_negatives->negatives(cosines, targets, pass) * head.as_margin().scale();
    };
    return rule;
  }

  /// Of every class that is no target: its share of the smoothing takes the margin.
  NegativeRule smoothed_negatives() const {
    NegativeRule rule;
    rule.column = columns_.dominant;
    rule.sum = true;
    rule.target_of_row = [](const at::Tensor& targets) { return targets.select(1, 0); };
    const at::Tensor share = labelled() * spread();  // [B]
    rule.logits = [head = head_, pass = pass_, share, norms = embedding_.lengths.detach()](const at::Tensor& cosines, const at::Tensor&,
                                                                                           int64_t first_class) {
      const int64_t blocks = cosines.size(0) / share.size(0), n = cosines.size(1);
      const at::Tensor lengths = norms.repeat({blocks}).unsqueeze(1).expand_as(cosines).reshape({-1});
      const at::Tensor starts = (first_class + n * at::arange(blocks, at::kLong)).repeat_interleave(share.size(0));
      const at::Tensor labels = (starts.unsqueeze(1) + at::arange(n, at::kLong)).reshape({-1});
      const at::Tensor phi = head.target(cosines.reshape({-1}), lengths, labels, pass).view_as(cosines);
      const at::Tensor y = share.repeat({blocks}).unsqueeze(1);
      return (y * phi + (1 - y) * cosines) * head.as_margin().scale();
    };
    return rule;
  }

  double spread() const { return targets_.smoothing / static_cast<double>(matrix_.weight.size(0)); }
  at::Tensor labelled() const { return columns_.identities.ge(0).any(1).to(embedding_.unit.scalar_type()); }
  at::Tensor clamped(const at::Tensor& cosines) const { return head_.head.clamp_cosines() ? cosines.clamp(-1, 1) : cosines; }

  TargetColumn column(const at::Tensor& cosines, int64_t k) const {
    TargetColumn column{columns_.identities.select(1, k), cosines.select(1, k), {}, {}};
    const at::Tensor there = here_.select(1, k);
    if (!there.all().item<bool>()) column.valid = there.nonzero().squeeze(1);
    return column;
  }

  void observe(const at::Tensor& cosines) const {
    if (!head_.statistical || !pass_.training) return;
    const at::Tensor by_row = columns_.dominant.unsqueeze(1);
    const auto of = [&](const at::Tensor& all) { return all.gather(1, by_row).squeeze(1); };
    TargetColumn dominant{of(columns_.identities), of(cosines), {}, {}};
    const at::Tensor there = of(here_);
    if (!there.all().item<bool>()) dominant.valid = there.nonzero().squeeze(1);
    head_.observe(dominant, embedding_.lengths, pass_);
  }

  /// Logits [B,K] with the margin in its share; -inf where the class is not here.
  at::Tensor margins(const at::Tensor& cosines, const at::Tensor& shares) const {
    std::vector<at::Tensor> logits;
    for (int64_t k = 0; k < cosines.size(1); ++k) {
      const TargetColumn one = column(cosines, k);
      const auto [c, norms, labels] = one.rows(embedding_.lengths);
      const at::Tensor share = one.valid.defined() ? shares.select(1, k).index_select(0, one.valid) : shares.select(1, k);
      const at::Tensor value = (share * head_.target(c, norms, labels, pass_) + (1 - share) * c) * head_.as_margin().scale();
      if (one.valid.defined()) {
        logits.push_back(at::full({cosines.size(0)}, nothing, cosines.options()).index_put({one.valid}, value));
      } else {
        logits.push_back(value);
      }
    }
    return at::stack(logits, 1);
  }

  at::Tensor cross_entropy(const at::Tensor& negatives, const at::Tensor& logits, const at::Tensor& weights) const {
    return shared_cross_entropy(negatives, logits, weights.to(logits.scalar_type()), matrix_.probability_floor, collective_);
  }

  /// lambda times the loss of the first label, and the rest times that of the second: both share their negatives.
  at::Tensor mixed(const ClassScores& scores, const at::Tensor& cosines) const {
    const at::Tensor whole = margins(cosines, at::ones_like(columns_.shares, cosines.options()));
    const at::Tensor plain = at::where(here_, cosines * head_.as_margin().scale(), at::full({}, nothing, cosines.options()));
    const at::Tensor labels = columns_.identities >= 0;
    at::Tensor sum;
    for (int64_t k = 0; k < 2; ++k) {
      const at::Tensor chosen = at::arange(2, at::kLong) == k;
      const at::Tensor loss = cross_entropy(scores.negatives, at::where(chosen, whole, plain), labels * chosen);
      const at::Tensor part = loss * columns_.shares.select(1, k).to(loss.scalar_type());
      sum = sum.defined() ? sum + part : part;
    }
    return sum;
  }

  at::Tensor smoothed(const ClassScores& scores, const at::Tensor& cosines) const {
    const at::Tensor rows = labelled();
    const at::Tensor y = (columns_.weights().to(cosines.scalar_type()) * (1 - targets_.smoothing) + spread()) * here_;
    const at::Tensor z = margins(cosines, y);
    const at::Tensor lse = at::logsumexp(at::cat({scores.negatives.unsqueeze(1), z}, 1).to(at::kDouble), {1}).to(z.scalar_type());
    const at::Tensor chosen = (y * at::where(here_, z, at::zeros_like(z))).sum(1);
    return rows * (lse - spread() * scores.sum) - chosen;
  }

  at::Tensor correct_rows(const at::Tensor& largest, const at::Tensor& cosines) const {
    const at::Tensor all = at::where(here_, cosines, at::full({}, nothing, cosines.options()));
    at::Tensor top = at::maximum(clamped(largest), std::get<0>(all.max(1)));
    at::Tensor own = all.gather(1, columns_.dominant.unsqueeze(1)).squeeze(1);
    if (collective_) {
      collective_->max(top);
      collective_->max(own);
    }
    return (own >= top).logical_and(own != nothing).to(at::kFloat);
  }

  const UnitRows& embedding_;
  const ClassMatrix& matrix_;
  const ClassColumns& columns_;
  const Targets& targets_;
  const HeadAbilities& head_;
  const Pass& pass_;
  Collective* collective_;
  at::Tensor here_;  // [B,K]
};

}  // namespace

ClassColumns::ClassColumns(const Targets& targets) {
  const at::Tensor one = at::ones_like(targets.label_a, at::kFloat);
  if (!targets.label_b.defined()) {
    identities = targets.label_a.unsqueeze(1);
    shares = one.unsqueeze(1);
    dominant = at::zeros_like(targets.label_a);
  } else {
    // Both labels the same: weight 1 and one margin (heads.md 4).
    const at::Tensor same = targets.label_a == targets.label_b;
    const at::Tensor lambda = targets.lambda.masked_fill(same, 1);
    shares = at::stack({lambda, 1 - lambda}, 1);
    // A label without weight is as any other class.
    identities = at::stack({targets.label_a, targets.label_b}, 1).masked_fill(shares == 0, -1);
    dominant = lambda.lt(0.5).to(at::kLong);
  }
  places = identities;
}

at::Tensor ClassColumns::weights() const { return shares * (identities >= 0); }

bool fused_losses_take(const at::Tensor& embedding, const ClassMatrix& matrix, const Targets& targets, const HeadAbilities& head) {
  if (!head.margin || !matrix.normalised || matrix.sub_centers > 1 ||
      !class_scores_take(widened(embedding.detach().slice(0, 0, 0)), matrix.weight))
    return false;
  if (head.norm_gradient && (head.norm_gradient->scales_by_norm() || targets.smoothing > 0)) return false;
  if (!head.changes_negatives) return targets.mix == Mix::logits || targets.smoothing == 0;
  return head.changes_negatives->elementwise() && targets.mix == Mix::logits && targets.smoothing == 0;
}

at::Tensor fused_losses(const UnitRows& embedding, const ClassMatrix& matrix, const ClassColumns& columns, const Targets& targets,
                        const HeadAbilities& head, const Pass& pass, at::ScalarType product, Collective* collective, at::Tensor* correct) {
  return FusedLoss(embedding, matrix, columns, targets, head, pass, collective).losses(product, correct);
}

}  // namespace lafs::nn
