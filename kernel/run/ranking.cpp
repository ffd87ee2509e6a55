#include "kernel/run/ranking.h"

#include <cmath>

#include <fmt/format.h>

#include "kernel/recipe/best_metric.h"
#include "kernel/results/results_table.h"
#include "lafs/error.h"
#include "lafs/suggestion.h"

namespace lafs {

namespace {

/// Larger for a better model; nothing for a value that does not exist.
std::optional<double> ranked(const Metric& metric, bool smaller_is_better) {
  if (!std::isfinite(metric.value)) return std::nullopt;
  return smaller_is_better || metric.better == Better::smaller ? -metric.value : metric.value;
}

}  // namespace

std::optional<double> ranking_of(const std::string& best, const std::vector<NamedMetrics>& results) {
  if (best.empty()) {
    if (results.empty() || results.front().metrics.values.empty()) return std::nullopt;
    return ranked(results.front().metrics.values.front(), false);
  }
  const BestMetric wanted = best_metric_of(best);
  for (const NamedMetrics& named : results) {
    if (named.name != wanted.evaluator) continue;
    std::vector<std::string> names;
    for (const Metric& metric : named.metrics.values) {
      if (metric.full_name() == wanted.metric) return ranked(metric, wanted.smaller_is_better);
      names.push_back(metric.full_name());
    }
    throw Error(fmt::format("[run] best = \"{}\": evaluator \"{}\" has no metric \"{}\"{}", best, wanted.evaluator, wanted.metric,
                            suggestion(wanted.metric, names)));
  }
  return std::nullopt;
}

bool rank_checkpoint(const RunOptions& run, const std::vector<NamedMetrics>& results, RunPosition& position) {
  const auto score = results.empty() ? std::nullopt : ranking_of(run.best, results);
  if (!score) return false;
  const bool better = *score > position.best_score;
  position.without_gain = better ? 0 : position.without_gain + 1;
  if (!better) return false;
  position.best_score = *score;
  position.best_step = position.step;
  return true;
}

std::string end_of_patience(const RunOptions& run, int64_t steps, RunPosition& position) {
  if (run.patience == 0 || position.without_gain < run.patience) return "";
  position.ended_early = true;
  return fmt::format("no checkpoint in {} evaluations is better than that of step {}: the run ends at step {} of {}", position.without_gain,
                     position.best_step, position.step, steps);
}

std::vector<std::string> first_values(const std::vector<NamedMetrics>& results) {
  std::vector<std::string> texts;
  for (const NamedMetrics& named : results) {
    if (named.metrics.values.empty()) continue;
    const Metric& first = named.metrics.values.front();
    texts.push_back(fmt::format("{} {} {}", named.name, first.name, metric_text(first)));
  }
  return texts;
}

}  // namespace lafs
