#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/results/named_metrics.h"

namespace lafs {

/// The number that answers the question of a run, and what to compare it with.
struct Headline {
  std::string evaluator;
  Metric metric;                    ///< of the model
  std::vector<Metric> baselines;    ///< the same metric of what was measured beside it: pixels alone
  std::optional<double> by_chance;  ///< what guessing would reach, where that is known
};

/// The metric that `best`, as `[run] best` names it, or else the first value of the first evaluator. Nothing where there are no values.
std::optional<Headline> headline_of(const std::vector<NamedMetrics>& results, const std::string& best);

/// What guessing reaches: of "accuracy" the evaluator's "constant_answer", of "tar@far=X" X, of "balanced_accuracy", "auc" and "eer" a
/// half. Nothing for other metrics.
std::optional<double> value_by_chance(const Metric& metric, const Metrics& beside);

/// "accuracy", "97.52 to 98.61 (95 % interval)": its ends as measured, or else 1.96 standard errors to both sides. Empty where neither is
/// known.
std::string interval_text(const Metric& metric);

/// A tile of the first screen: a large value, and lines below it. All are texts.
std::string tile_html(const std::string& value, const std::vector<std::string>& lines, bool ours = false);

/// The tiles of a headline. `about` says which model was measured: "best checkpoint, step 120". `more` are further tiles, as HTML.
std::string headline_html(const Headline& headline, const std::string& about, const std::string& more = "");

}  // namespace lafs
