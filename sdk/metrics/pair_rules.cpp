#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "metrics/pair_scores.h"

namespace lafs::metrics {
namespace {

/// The value of the model's metric of this name; NaN when there is none.
double value_of(const Metrics& metrics, const std::string& name) {
  const auto found = std::find_if(metrics.values.begin(), metrics.values.end(), [&](const Metric& m) { return m.full_name() == name; });
  return found == metrics.values.end() ? NAN : found->value;
}

void warn_of_rates(const PairProtocol& protocol, Metrics& metrics) {
  const int64_t impostors = protocol.impostors();
  std::vector<std::string> few;
  for (const double far : protocol.far)
    if (far * static_cast<double>(impostors) < 10) few.push_back(fmt::format("{}", far));
  if (!few.empty())
    metrics.warnings.push_back(fmt::format("fewer than ten of the {} impostor pairs decide the rates at a false accept rate of {}",
                                           impostors, fmt::join(few, ", ")));
}

}  // namespace

void add_pair_rules(const PairProtocol& protocol, Metrics& metrics) {
  auto& notes = metrics.notes;
  const double constant = protocol.constant_answer(), own = value_of(metrics, "accuracy");
  if (protocol.is_unbalanced())
    notes.push_back(
        fmt::format("{:.2f} % of the pairs are {}, more than 60 %: balanced accuracy leads, the mean of the shares of genuine and "
                    "of impostor pairs answered rightly, each fold at the threshold that is best for it on the others",
                    100 * constant, protocol.genuine() > protocol.impostors() ? "genuine" : "impostor pairs"));
  if (own <= constant)
    metrics.warnings.push_back(
        fmt::format("an accuracy of {:.2f} % is no better than the {:.2f} % of a model that gives every pair the same "
                    "answer",
                    100 * own, 100 * constant));
  warn_of_rates(protocol, metrics);
  notes.push_back("distances are squared and Euclidean between unit rows, accepted strictly below one of 400 thresholds 0.01 apart");
  notes.push_back("the standard error of a mean over folds is their population deviation divided by the square root of their number");
  if (protocol.far.empty()) return;
  notes.push_back("tar@far is over all pairs, at the largest false accept rate not above the one named");
  if (protocol.resampling.samples > 0)
    notes.push_back(fmt::format("the interval of tar@far is the middle 95 % of {} samples with replacement of the {}",
                                protocol.resampling.samples, protocol.people.count > 0 ? "people" : "pairs"));
  if (metrics::folds_are_mixed(protocol.pairs, protocol.folds)) {
    notes.push_back("val@far is the mean over folds, each at the threshold its training pairs give");
  } else {
    notes.push_back("val@far is left out: a fold lacks genuine or impostor pairs");
  }
  const int64_t impostors = protocol.impostors();
  for (const double far : protocol.far)
    if (far * static_cast<double>(impostors) < 1)
      notes.push_back(fmt::format(
          "{} impostor pairs cannot measure a false accept rate of {}: its tar is that before the first false accept", impostors, far));
}

}  // namespace lafs::metrics
