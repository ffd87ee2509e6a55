#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "kernel/results/named_metrics.h"

namespace lafs {

/// A table for the terminal of what is a headline: evaluator, metric, value with its standard error, n. Variants stand in columns of their
/// own beside the model's. Shares are shown in percent. Warnings follow, a line each, with all evaluators that give it.
std::string results_table(const std::vector<NamedMetrics>& results);

/// The value of a metric as a table shows it, with its standard error or else its 95 % interval: "99.83 % ± 0.12", "98.10 %
/// [97.52, 98.61]".
std::string metric_text(const Metric& metric);

}  // namespace lafs
