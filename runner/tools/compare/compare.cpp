#include "runner/tools/compare/compare.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>

#include "kernel/results/scores_file.h"
#include "metrics/paired_test.h"
#include "metrics/verification.h"

namespace lafs {

namespace {

/// The rate of "tar@far=0.001".
std::optional<double> rate_of(const std::string& metric) {
  constexpr std::string_view start = "tar@far=";
  double rate = 0;
  if (!metric.starts_with(start)) return std::nullopt;
  const auto [end, error] = std::from_chars(metric.data() + start.size(), metric.data() + metric.size(), rate);
  return error == std::errc() && end == metric.data() + metric.size() ? std::optional(rate) : std::nullopt;
}

double spread_of(const Metric& metric) {
  if (std::isfinite(metric.standard_error) && metric.standard_error > 0) return metric.standard_error;
  return (metric.high - metric.low) / (2 * 1.96);  // NaN where neither is known
}

/// From the spread of each result alone.
void judge_alone(const Metric& first, const Metric& other, Difference& out) {
  const double spread = std::hypot(spread_of(first), spread_of(other));
  out.interval = {out.difference - 1.96 * spread, out.difference + 1.96 * spread, spread};
  out.real = out.interval.low > 0 || out.interval.high < 0;
}

/// From people drawn with replacement, the same for both models.
void judge_samples(std::vector<double> differences, Difference& out) {
  out.interval = metrics::interval_of(std::move(differences));
  out.real = out.interval.low > 0 || out.interval.high < 0;
}

/// An evaluator's results of one model, and the scores of its pairs where these were kept.
struct Side {
  const NamedMetrics& named;
  std::optional<Comparisons> scores;

  Side(const ScoredResults& model, const NamedMetrics& of) : named(of) {
    if (!of.metrics.comparisons.scores.empty()) {
      scores = of.metrics.comparisons;
    } else if (!model.scores.empty()) {
      scores = scores_in(model.scores, of.name);
    }
  }

  const Metric* find(const std::string& metric) const {
    const auto& values = named.metrics.values;
    const auto found = std::find_if(values.begin(), values.end(), [&](const Metric& one) { return one.full_name() == metric; });
    return found == values.end() ? nullptr : &*found;
  }
  std::string pairs() const { return scores ? scores->pairs : named.metrics.comparisons.pairs; }
};

/// Whether each pair is decided rightly at the threshold that makes the balanced accuracy of the other folds largest. Nothing where the
/// number of folds is not known.
std::optional<std::vector<double>> balanced_answers(const Side& side) {
  const Metric* spread = side.find("accuracy_std");
  if (!spread || spread->n < 2) return std::nullopt;
  std::vector<double> distances, right;
  for (const double score : side.scores->scores) distances.push_back(2 * (1 - score));
  const auto& same = side.scores->same;
  const auto accuracy = metrics::fold_accuracy(distances, same, spread->n, metrics::Criterion::balanced);
  const auto folds = metrics::make_folds(static_cast<int64_t>(same.size()), spread->n);
  for (size_t f = 0; f < folds.size(); ++f)
    for (auto i = static_cast<size_t>(folds[f].begin); i < static_cast<size_t>(folds[f].end); ++i)
      right.push_back((distances[i] < static_cast<double>(accuracy.best_threshold[f]) * 0.01) == (same[i] != 0) ? 1 : 0);
  return right;
}

/// The mean over the pairs of one kind in each sample.
std::vector<double> means_of_kind(const std::vector<double>& values, const Comparisons& pairs, bool genuine, const metrics::People& people,
                                  const metrics::Resampling& how) {
  std::vector<double> counted, kind;
  for (size_t i = 0; i < values.size(); ++i) {
    kind.push_back((pairs.same[i] != 0) == genuine ? 1 : 0);
    counted.push_back(kind.back() * values[i]);
  }
  std::vector<double> means = metrics::resampled_means(counted, people, how);
  const std::vector<double> share = metrics::resampled_means(kind, people, how);
  for (size_t s = 0; s < means.size(); ++s) means[s] /= share[s];  // a sample without such pairs gives NaN
  return means;
}

bool judge_balanced(const Side& first, const Side& other, const metrics::People& people, const metrics::Resampling& how, Difference& out) {
  const auto before = balanced_answers(first);
  auto change = balanced_answers(other);
  if (!before || !change) return false;
  for (size_t i = 0; i < change->size(); ++i) (*change)[i] -= (*before)[i];
  std::vector<double> means = means_of_kind(*change, *first.scores, true, people, how);
  const std::vector<double> impostors = means_of_kind(*change, *first.scores, false, people, how);
  for (size_t s = 0; s < means.size(); ++s) means[s] = (means[s] + impostors[s]) / 2;
  judge_samples(std::move(means), out);
  return true;
}

/// From the scores of the same pairs. False for a metric that is not made of them.
bool judge_paired(const Side& first, const Side& other, const metrics::Resampling& how, Difference& out) {
  const metrics::People people = people_of(*first.scores);
  if (people.count < metrics::fewest_people) {
    out.too_few_people = people.count;
    return true;
  }
  if (out.metric == "balanced_accuracy") return judge_balanced(first, other, people, how, out);
  if (out.metric == "accuracy") {
    const auto test = metrics::paired_difference(other.scores->correct, first.scores->correct, people, how);
    out.p = test.p;
    out.interval = test.interval;
    out.real = test.is_real();
    return true;
  }
  const auto rate = rate_of(out.metric);
  if (!rate) return false;
  const std::vector<double> rates{*rate};
  std::vector<double> change = metrics::resampled_rates(other.scores->scores, other.scores->same, people, rates, how)[0].tar;
  const auto before = metrics::resampled_rates(first.scores->scores, first.scores->same, people, rates, how)[0].tar;
  for (size_t s = 0; s < change.size(); ++s) change[s] -= before[s];
  judge_samples(std::move(change), out);
  return true;
}

void judge(const Metric& before, const Metric& after, const Side& first, const Side& other, const metrics::Resampling& how,
           Difference& out) {
  const std::string pairs = first.pairs(), theirs = other.pairs();
  if (!pairs.empty() && !theirs.empty() && pairs != theirs) {
    out.judged = Judged::incomparable;
    return;
  }
  const bool both =
      first.scores && other.scores && !pairs.empty() && pairs == theirs && first.scores->same.size() == other.scores->same.size();
  if (both && judge_paired(first, other, how, out)) {
    out.judged = Judged::paired;
    return;
  }
  out.lacks_scores = !both && !(pairs.empty() && theirs.empty());
  judge_alone(before, after, out);
}

const NamedMetrics* evaluator_of(const ScoredResults& model, const std::string& name) {
  const auto found = std::find_if(model.results.begin(), model.results.end(), [&](const NamedMetrics& one) { return one.name == name; });
  return found == model.results.end() ? nullptr : &*found;
}

}  // namespace

std::vector<Difference> differences_of(const std::vector<ScoredResults>& models, const metrics::Resampling& how) {
  std::vector<Difference> all;
  for (const NamedMetrics& named : models.front().results) {
    const Side first(models.front(), named);
    for (size_t m = 1; m < models.size(); ++m) {
      const NamedMetrics* theirs = evaluator_of(models[m], named.name);
      if (!theirs) continue;
      const Side other(models[m], *theirs);
      for (const Metric& metric : named.metrics.values) {
        const Metric* after = other.find(metric.full_name());
        if (!metric.headline || !metric.variant.empty() || !after) continue;
        Difference out{.evaluator = named.name, .metric = metric.name, .model = m, .difference = after->value - metric.value};
        judge(metric, *after, first, other, how, out);
        if (std::isfinite(out.interval.low) || out.judged == Judged::incomparable || out.too_few_people > 0) all.push_back(std::move(out));
      }
    }
  }
  return all;
}

}  // namespace lafs
