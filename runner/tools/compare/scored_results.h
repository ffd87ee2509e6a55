#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "kernel/results/named_metrics.h"
#include "metrics/bootstrap.h"

namespace lafs {

/// Results of one model that were written before, and where the scores of its pairs lie.
struct ScoredResults {
  std::string name;  ///< of the run folder, or of the file without its ending
  std::filesystem::path scores;
  std::vector<NamedMetrics> results;

  const Metric* find(const std::string& evaluator, const std::string& metric) const;  ///< by full name; null where there is none
};

/// Whether the file holds a JSON object, as `lafs eval --out` writes it under any name; no model begins like one. Never throws.
bool is_json_file(const std::filesystem::path& file);

/// `path` is a run folder, or a JSON file of `lafs eval --out`. Throws Error naming a file that is absent or holds no results, and for the
/// folder of a row, which has several stages.
ScoredResults read_scored_results(const std::filesystem::path& path);

/// Several of them. Where names are equal, as many folders are put before each as tell them apart.
std::vector<ScoredResults> read_scored_results(const std::vector<std::filesystem::path>& paths);

/// The people of kept comparisons, as resampling wants them.
metrics::People people_of(const Comparisons& comparisons);

}  // namespace lafs
