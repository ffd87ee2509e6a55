#pragma once
#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <utility>
#include <vector>

#include "kernel/results/named_metrics.h"

namespace lafs {

/// Plain facts put beside the results, by name: "checkpoint", "training_identity".
using ResultFacts = std::vector<std::pair<std::string, std::string>>;

/// {"step":.., "which":.., facts.., "evaluators":[{"name", "seconds", "values":[{"name","value","standard_error","n","unit"}], "notes",
/// "curves", "lists"}]}. Curves keep at most 200 points, both ends among them; a number that is not finite is null. A value that is
/// no headline says so by "headline": false.
nlohmann::json results_json(const std::vector<NamedMetrics>& results, int64_t step, const std::string& which,
                            const ResultFacts& facts = {});

/// What the "evaluators" of such JSON say, curves and lists left out; null becomes NaN.
std::vector<NamedMetrics> results_of(const nlohmann::json& results);

/// results.json of a run folder, written whole or not at all. `which` is "last" or "best".
void write_results(const std::filesystem::path& folder, const std::vector<NamedMetrics>& results, int64_t step, const std::string& which,
                   const ResultFacts& facts = {});

/// A table for the terminal of what is a headline: evaluator, metric, value with its standard error, n. Metrics "VARIANT/name" stand
/// in a column of their own beside the model's. Shares of 1 are shown in %.
std::string results_table(const std::vector<NamedMetrics>& results);

/// The value of a metric as a table shows it: "99.83 % ± 0.12".
std::string metric_text(const Metric& metric);

}  // namespace lafs
