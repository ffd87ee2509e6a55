#include "kernel/run/ranking.h"

#include <cmath>

#include <fmt/format.h>

#include "kernel/recipe/best_metric.h"
#include "lafs/error.h"
#include "lafs/suggestion.h"

namespace lafs {

namespace {

std::optional<double> if_finite(double value) { return std::isfinite(value) ? std::optional(value) : std::nullopt; }

}  // namespace

std::optional<double> ranking_of(const std::string& best, const std::vector<NamedMetrics>& results) {
  if (best.empty()) {
    if (results.empty() || results.front().metrics.values.empty()) return std::nullopt;
    return if_finite(results.front().metrics.values.front().value);
  }
  const BestMetric wanted = best_metric_of(best);
  for (const NamedMetrics& named : results) {
    if (named.name != wanted.evaluator) continue;
    std::vector<std::string> names;
    for (const Metric& metric : named.metrics.values) {
      if (metric.full_name() == wanted.metric) return if_finite(wanted.smaller_is_better ? -metric.value : metric.value);
      names.push_back(metric.full_name());
    }
    throw Error(fmt::format("[run] best = \"{}\": evaluator \"{}\" has no metric \"{}\"{}", best, wanted.evaluator, wanted.metric,
                            suggestion(wanted.metric, names)));
  }
  return std::nullopt;
}

}  // namespace lafs
