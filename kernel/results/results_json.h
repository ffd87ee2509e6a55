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

/// {"step":.., "which":.., facts.., "evaluators":[{"name", "seconds", "values":[{"name","variant","value","standard_error","n","unit"}],
/// "notes", "curves", "lists"}]}. "name" is the full name ("pixels/accuracy"); "unit" is "", "share", "%", "pixels" or "s". A value with an
/// interval has "interval":[low, high]; an evaluator has "warnings", "histograms" and the digest "pairs" where
/// there are some. Curves keep at most 200 points,
/// both ends among them; a number that is not finite is null. A value that is not a headline says so by "headline": false.
nlohmann::json results_json(const std::vector<NamedMetrics>& results, int64_t step, const std::string& which,
                            const ResultFacts& facts = {});

/// What the "evaluators" of such JSON say, with the digest of the pairs but without their scores; null becomes NaN. Throws Error, which
/// does not name the file, for JSON of another form.
std::vector<NamedMetrics> results_of(const nlohmann::json& results);

/// results.json of a run folder, written whole or not at all, and before it the scores of every pair (scores_file.h). `which` is "last" or
/// "best".
void write_results(const std::filesystem::path& folder, const std::vector<NamedMetrics>& results, int64_t step, const std::string& which,
                   const ResultFacts& facts = {});

/// The same from JSON that was read from there, with a fact changed.
void rewrite_results(const std::filesystem::path& folder, const nlohmann::json& results);

}  // namespace lafs
