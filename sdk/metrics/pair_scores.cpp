#include "metrics/pair_scores.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "metrics/roc.h"

namespace lafs::metrics {
namespace {

constexpr size_t most_kept = 1'000'000;

std::vector<double> cosines_of(const std::vector<double>& distances) {
  std::vector<double> cosines;
  for (const double distance : distances) cosines.push_back(1 - distance / 2);
  return cosines;
}

/// At most about two hundred points: the ends, and those nearest to steps in the logarithm of x and to equal steps in y.
Curve thinned_roc(const Roc& roc, const std::string& variant) {
  constexpr size_t steps = 98;
  const size_t points = roc.points.size();
  std::vector<size_t> kept{0, points - 1};
  const double least = 1 / static_cast<double>(roc.impostors);
  for (size_t step = 0; step <= steps && points > 2 * steps; ++step) {
    const double share = static_cast<double>(step) / steps;
    kept.push_back(point_within(roc, std::pow(least, 1 - share)));
    const auto higher = [&](const RocPoint& point, double tar) { return static_cast<double>(point.tp) < tar; };
    const double tar = share * static_cast<double>(roc.genuine);
    kept.push_back(static_cast<size_t>(std::lower_bound(roc.points.begin(), roc.points.end(), tar, higher) - roc.points.begin()));
  }
  for (size_t i = 0; i < points && points <= 2 * steps; ++i) kept.push_back(i);
  std::sort(kept.begin(), kept.end());
  kept.erase(std::unique(kept.begin(), kept.end()), kept.end());
  Curve curve{"roc", variant, "far", "tar", {}, {}};
  for (const size_t i : kept) {
    curve.x.push_back(roc.far(std::min(i, points - 1)));
    curve.y.push_back(roc.tar(std::min(i, points - 1)));
  }
  return curve;
}

void add_curve(const PairProtocol& protocol, const std::vector<double>& distances, const std::string& variant, Metrics& metrics) {
  std::vector<double> scores;
  for (const double distance : distances) scores.push_back(-distance);
  const metrics::Roc roc = metrics::roc_curve(scores, protocol.same, metrics::Collinear::keep),
                     drawn = metrics::roc_curve(scores, protocol.same, metrics::Collinear::drop);
  const auto pairs = static_cast<int64_t>(distances.size());
  const auto people = [&] { return protocol.people.count == 0 ? pairs_alone(pairs) : protocol.people; };
  const std::vector<Interval> intervals =
      tar_intervals(scores, protocol.same, people, protocol.far, variant.empty() ? protocol.resampling : Resampling{0});
  for (size_t f = 0; f < protocol.far.size(); ++f)
    metrics.values.push_back({.name = fmt::format("tar@far={}", protocol.far[f]),
                              .variant = variant,
                              .value = roc.tar(metrics::point_within(roc, protocol.far[f])),
                              .n = pairs,
                              .unit = Unit::share,
                              .better = Better::larger,
                              .low = intervals[f].low,
                              .high = intervals[f].high});
  metrics.values.push_back({.name = "auc", .variant = variant, .value = metrics::area(roc), .n = pairs, .better = Better::larger});
  metrics.values.push_back({.name = "eer",
                            .variant = variant,
                            .value = metrics::equal_error_rate(roc),
                            .n = pairs,
                            .unit = Unit::share,
                            .better = Better::smaller});
  metrics.curves.push_back(thinned_roc(drawn, variant));
}

RankedList ranked(std::string name, std::vector<std::pair<double, RankedItem>> wrong, int64_t most) {
  std::stable_sort(wrong.begin(), wrong.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
  RankedList list{std::move(name), {}};
  for (auto& [margin, item] : wrong)
    if (static_cast<int64_t>(list.items.size()) < most) list.items.push_back(std::move(item));
  return list;
}

Metric accuracy_metric(const PairProtocol& protocol, const FoldAccuracy& accuracy, const std::string& name, const std::string& variant) {
  // Folds that lack pairs of a kind do not spread around the balanced accuracy of all.
  const bool known = name == "accuracy" || folds_are_mixed(protocol.pairs, protocol.folds);
  return {.name = name,
          .variant = variant,
          .value = accuracy.mean,
          .standard_error = known ? accuracy.std / std::sqrt(static_cast<double>(protocol.folds)) : 0,
          .n = static_cast<int64_t>(protocol.pairs.size()),
          .unit = Unit::share,
          .better = Better::larger};
}

Metric deviation_metric(const PairProtocol& protocol, const FoldAccuracy& accuracy, const std::string& variant) {
  return {.name = "accuracy_std", .variant = variant, .value = accuracy.std, .n = protocol.folds, .unit = Unit::share, .headline = false};
}

Metric threshold_metric(const PairProtocol& protocol, const FoldAccuracy& accuracy, const std::string& variant) {
  return {.name = "threshold", .variant = variant, .value = accuracy.threshold_mean, .n = protocol.folds, .headline = false};
}

void add_fold_rates(const PairProtocol& protocol, const std::vector<double>& distances, const std::string& variant, Metrics& metrics) {
  const double folds = std::sqrt(static_cast<double>(protocol.folds));
  const auto pairs = static_cast<int64_t>(distances.size());
  for (const double far : protocol.far) {
    const FoldRate rate = val_at_far(distances, protocol.same, protocol.folds, far);
    metrics.values.push_back({.name = fmt::format("val@far={}", far),
                              .variant = variant,
                              .value = rate.val_mean,
                              .standard_error = rate.val_std / folds,
                              .n = pairs,
                              .unit = Unit::share,
                              .better = Better::larger,
                              .headline = false});
    metrics.values.push_back({.name = fmt::format("val_far@far={}", far),
                              .variant = variant,
                              .value = rate.far_mean,
                              .standard_error = population_std(rate.far) / folds,
                              .n = pairs,
                              .unit = Unit::share,
                              .headline = false});
  }
}

/// Thresholds that are tried between the nearest and the farthest pair.
int64_t thresholds_between(double nearest, double farthest) {
  const auto& grid = accuracy_grid();
  return std::count_if(grid.begin(), grid.end(), [&](double threshold) { return threshold > nearest && threshold < farthest; });
}

void warn_of_thresholds(const PairProtocol& protocol, const FoldAccuracy& leading, const std::vector<double>& distances, Metrics& metrics) {
  constexpr int64_t few = 20;
  const auto last = static_cast<int64_t>(accuracy_grid().size()) - 1;
  const auto at_end =
      std::count_if(leading.best_threshold.begin(), leading.best_threshold.end(), [&](int64_t j) { return j == 0 || j == last; });
  if (at_end > 0) {
    metrics.warnings.push_back(
        fmt::format("the threshold of {} of {} folds is at an end of its range, 0 or {:.2f}: these folds give every, or "
                    "nearly every, pair the same answer",
                    at_end, protocol.folds, accuracy_grid().back()));
    return;
  }
  const auto [nearest, farthest] = std::minmax_element(distances.begin(), distances.end());
  const int64_t between = distances.empty() ? few : thresholds_between(*nearest, *farthest);
  if (between < few)
    metrics.warnings.push_back(
        fmt::format("the squared distances of all pairs lie between {:.3f} and {:.3f}, where the protocol tries {} threshold{}: accuracies "
                    "are lower than a finer search would give; auc and eer are not",
                    *nearest, *farthest, between, between == 1 ? "" : "s"));
}

}  // namespace

int64_t PairProtocol::genuine() const { return static_cast<int64_t>(same.size()) - std::count(same.begin(), same.end(), 0); }

double PairProtocol::constant_answer() const {
  return static_cast<double>(std::max(genuine(), impostors())) / static_cast<double>(same.size());
}

FoldAccuracy add_pair_scores(const PairProtocol& protocol, const std::vector<double>& distances, const std::string& variant,
                             Metrics& metrics) {
  const FoldAccuracy accuracy = fold_accuracy(distances, protocol.same, protocol.folds);
  const bool unbalanced = protocol.is_unbalanced();
  const FoldAccuracy leading = unbalanced ? fold_accuracy(distances, protocol.same, protocol.folds, Criterion::balanced) : accuracy;
  if (unbalanced) metrics.values.push_back(accuracy_metric(protocol, leading, "balanced_accuracy", variant));
  metrics.values.push_back(accuracy_metric(protocol, accuracy, "accuracy", variant));
  if (variant.empty())
    metrics.values.push_back({.name = "constant_answer",
                              .value = protocol.constant_answer(),
                              .n = static_cast<int64_t>(protocol.pairs.size()),
                              .unit = Unit::share,
                              .headline = unbalanced});
  metrics.values.push_back(deviation_metric(protocol, accuracy, variant));
  add_curve(protocol, distances, variant, metrics);
  metrics.values.push_back(threshold_metric(protocol, accuracy, variant));
  if (folds_are_mixed(protocol.pairs, protocol.folds)) add_fold_rates(protocol, distances, variant, metrics);
  if (variant.empty()) warn_of_thresholds(protocol, leading, distances, metrics);
  if (variant.empty() && protocol.people.count > 0 && protocol.people.count < fewest_people)
    metrics.warnings.push_back(
        fmt::format("the pairs are of only {} people: with fewer than {} every interval is too narrow, and "
                    "those of accuracies, which take pairs for independent, most of all",
                    protocol.people.count, fewest_people));
  return leading;
}

void add_pair_extra(const PairProtocol& protocol, const std::vector<double>& distances, const std::string& variant, Metrics& metrics) {
  const FoldAccuracy accuracy = fold_accuracy(distances, protocol.same, protocol.folds);
  for (Metric metric : {accuracy_metric(protocol, accuracy, "accuracy", variant), deviation_metric(protocol, accuracy, variant),
                        threshold_metric(protocol, accuracy, variant)}) {
    metric.headline = false;
    metrics.values.push_back(std::move(metric));
  }
}

void add_pair_mistakes(const PairProtocol& protocol, const std::vector<double>& distances, const FoldAccuracy& accuracy,
                       const std::function<std::string(int64_t)>& name_of, Metrics& metrics) {
  std::vector<std::pair<double, RankedItem>> accepts, rejects;
  const std::vector<metrics::Fold> folds = metrics::make_folds(static_cast<int64_t>(distances.size()), protocol.folds);
  for (size_t f = 0; f < folds.size(); ++f) {
    const double threshold = static_cast<double>(accuracy.best_threshold[f]) * 0.01;
    for (auto i = static_cast<size_t>(folds[f].begin); i < static_cast<size_t>(folds[f].end); ++i) {
      const metrics::Pair& pair = protocol.pairs[i];
      if ((distances[i] < threshold) == pair.same) continue;
      const std::string first = name_of(pair.first), second = name_of(pair.second);
      RankedItem item{.what = fmt::format("pair {}: {} {}, {}", i, first, second, pair.same ? "genuine" : "impostor"),
                      .score = 1 - distances[i] / 2,
                      .pictures = {first, second}};
      // Ranked by distance, not by distance to the fold's own threshold: folds are one list for the reader.
      (pair.same ? rejects : accepts).emplace_back(pair.same ? distances[i] : -distances[i], std::move(item));
    }
  }
  metrics.lists.push_back(ranked("false accepts", std::move(accepts), protocol.hardest));
  metrics.lists.push_back(ranked("false rejects", std::move(rejects), protocol.hardest));
}

void add_pair_histogram(const PairProtocol& protocol, const std::vector<double>& distances, const std::string& variant, Metrics& metrics) {
  constexpr double bins_a_unit = 50;
  const auto [near, far] = std::minmax_element(distances.begin(), distances.end());
  Histogram histogram{
      "scores", variant, "cosine", std::floor((1 - *far / 2) * 10) / 10, std::ceil((1 - *near / 2) * 10) / 10, {"genuine", "impostor"}, {}};
  if (histogram.high <= histogram.low) histogram.high = histogram.low + 0.1;
  const auto bins = static_cast<size_t>(std::lround((histogram.high - histogram.low) * bins_a_unit));
  histogram.counts.assign(2, std::vector<int64_t>(bins, 0));
  for (size_t i = 0; i < distances.size(); ++i) {
    const double place = (1 - distances[i] / 2 - histogram.low) / (histogram.high - histogram.low) * static_cast<double>(bins);
    const auto bin = static_cast<size_t>(std::clamp(place, 0.0, static_cast<double>(bins - 1)));
    ++histogram.counts[protocol.same[i] ? 0 : 1][bin];
  }
  metrics.histograms.push_back(std::move(histogram));
}

void add_pair_comparisons(const PairProtocol& protocol, const std::vector<double>& distances, const std::string& pairs, Metrics& metrics) {
  if (distances.size() > most_kept) {
    metrics.notes.push_back(fmt::format("the scores of {} pairs are not kept; up to {} are", distances.size(), most_kept));
    return;
  }
  const FoldAccuracy accuracy = fold_accuracy(distances, protocol.same, protocol.folds);
  Comparisons& out = metrics.comparisons;
  out = {cosines_of(distances), protocol.same,          std::vector<uint8_t>(distances.size()),
         protocol.people.first, protocol.people.second, pairs};
  if (protocol.people.count == 0) {
    const People alone = pairs_alone(static_cast<int64_t>(distances.size()));
    out.first_person = alone.first;
    out.second_person = alone.second;
  }
  const std::vector<Fold> folds = make_folds(static_cast<int64_t>(distances.size()), protocol.folds);
  for (size_t f = 0; f < folds.size(); ++f)
    for (auto i = static_cast<size_t>(folds[f].begin); i < static_cast<size_t>(folds[f].end); ++i)
      out.correct[i] = (distances[i] < static_cast<double>(accuracy.best_threshold[f]) * 0.01) == (protocol.same[i] != 0) ? 1 : 0;
}

}  // namespace lafs::metrics
