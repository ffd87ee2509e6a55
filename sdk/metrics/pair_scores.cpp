#include "metrics/pair_scores.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "metrics/roc.h"

namespace lafs::metrics {
namespace {

int64_t impostors_of(const PairProtocol& protocol) { return std::count(protocol.same.begin(), protocol.same.end(), 0); }

void add_curve(const PairProtocol& protocol, const std::vector<double>& distances, const std::string& variant, Metrics& metrics) {
  std::vector<double> scores;
  for (const double distance : distances) scores.push_back(-distance);
  const metrics::Roc roc = metrics::roc_curve(scores, protocol.same, metrics::Collinear::keep),
                     drawn = metrics::roc_curve(scores, protocol.same, metrics::Collinear::drop);
  const auto pairs = static_cast<int64_t>(distances.size());
  for (const double far : protocol.far)
    metrics.values.push_back({.name = fmt::format("tar@far={}", far),
                              .variant = variant,
                              .value = roc.tar(metrics::point_within(roc, far)),
                              .n = pairs,
                              .unit = Unit::share});
  metrics.values.push_back({.name = "auc", .variant = variant, .value = metrics::area(roc), .n = pairs});
  metrics.values.push_back({.name = "eer", .variant = variant, .value = metrics::equal_error_rate(roc), .n = pairs, .unit = Unit::share});
  Curve curve{"roc", variant, "far", "tar", {}, {}};
  for (size_t i = 0; i < drawn.points.size(); ++i) {
    curve.x.push_back(drawn.far(i));
    curve.y.push_back(drawn.tar(i));
  }
  metrics.curves.push_back(std::move(curve));
}

RankedList ranked(std::string name, std::vector<std::pair<double, RankedItem>> wrong, int64_t most) {
  std::stable_sort(wrong.begin(), wrong.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
  RankedList list{std::move(name), {}};
  for (auto& [margin, item] : wrong)
    if (static_cast<int64_t>(list.items.size()) < most) list.items.push_back(std::move(item));
  return list;
}

}  // namespace

FoldAccuracy add_pair_scores(const PairProtocol& protocol, const std::vector<double>& distances, const std::string& variant,
                             Metrics& metrics) {
  const FoldAccuracy accuracy = fold_accuracy(distances, protocol.same, protocol.folds);
  const auto pairs = static_cast<int64_t>(distances.size());
  const double folds = std::sqrt(static_cast<double>(protocol.folds));
  metrics.values.push_back({.name = "accuracy",
                            .variant = variant,
                            .value = accuracy.mean,
                            .standard_error = accuracy.std / folds,
                            .n = pairs,
                            .unit = Unit::share});
  metrics.values.push_back(
      {.name = "accuracy_std", .variant = variant, .value = accuracy.std, .n = protocol.folds, .unit = Unit::share, .headline = false});
  add_curve(protocol, distances, variant, metrics);
  metrics.values.push_back(
      {.name = "threshold", .variant = variant, .value = accuracy.threshold_mean, .n = protocol.folds, .headline = false});
  if (!metrics::folds_are_mixed(protocol.pairs, protocol.folds)) return accuracy;
  for (const double far : protocol.far) {
    const metrics::FoldRate rate = metrics::val_at_far(distances, protocol.same, protocol.folds, far);
    metrics.values.push_back({.name = fmt::format("val@far={}", far),
                              .variant = variant,
                              .value = rate.val_mean,
                              .standard_error = rate.val_std / folds,
                              .n = pairs,
                              .unit = Unit::share,
                              .headline = false});
  }
  return accuracy;
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
      RankedItem item{fmt::format("pair {}: {} {}, {}", i, name_of(pair.first), name_of(pair.second), pair.same ? "genuine" : "impostor"),
                      1 - distances[i] / 2};
      // Ranked by distance, not by distance to the fold's own threshold: folds are one list for the reader.
      (pair.same ? rejects : accepts).emplace_back(pair.same ? distances[i] : -distances[i], std::move(item));
    }
  }
  metrics.lists.push_back(ranked("false accepts", std::move(accepts), protocol.hardest));
  metrics.lists.push_back(ranked("false rejects", std::move(rejects), protocol.hardest));
}

void add_pair_rules(const PairProtocol& protocol, Metrics& metrics) {
  auto& notes = metrics.notes;
  notes.push_back("distances are squared and Euclidean between unit rows, accepted strictly below one of 400 thresholds 0.01 apart");
  notes.push_back("the standard error of a mean over folds is their population deviation divided by the square root of their number");
  if (protocol.far.empty()) return;
  notes.push_back("tar@far is over all pairs, at the largest false accept rate not above the one named");
  if (metrics::folds_are_mixed(protocol.pairs, protocol.folds)) {
    notes.push_back("val@far is the mean over folds, each at the threshold its training pairs give");
  } else {
    notes.push_back("val@far is left out: a fold lacks genuine or impostor pairs");
  }
  const int64_t impostors = impostors_of(protocol);
  for (const double far : protocol.far)
    if (far * static_cast<double>(impostors) < 1)
      notes.push_back(fmt::format(
          "{} impostor pairs cannot measure a false accept rate of {}: its tar is that before the first false accept", impostors, far));
}

}  // namespace lafs::metrics
