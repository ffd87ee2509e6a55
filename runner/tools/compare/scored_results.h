#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "kernel/results/named_metrics.h"
#include "metrics/bootstrap.h"

namespace lafs {

/// Results of one model, and where the scores of its pairs lie if they were written before.
struct ScoredResults {
  std::string name;              ///< of the run folder, or of the file without its ending
  std::filesystem::path scores;  ///< folder of those that `results` does not hold; empty: `results` holds all there are
  std::vector<NamedMetrics> results;

  const Metric* find(const std::string& evaluator, const std::string& metric) const;  ///< by full name; null where there is none
};

/// Whether the file holds a JSON object, as `lafs eval --out` writes it under any name; no model begins like one. Never throws.
bool is_json_file(const std::filesystem::path& file);

/// The run folder that `path` stands for: of the folder of a row that of its only stage with results, else `path` itself. Throws Error for
/// a row without results of a stage, and where several have some, naming their folders.
std::filesystem::path measured_run(const std::filesystem::path& path);

/// `path` is a JSON file of `lafs eval --out`, or as `measured_run` takes it. Throws Error naming a file that is absent or holds no
/// results.
ScoredResults read_scored_results(const std::filesystem::path& path);

/// Several of them, by the names of `telling_names`.
std::vector<ScoredResults> read_scored_results(const std::vector<std::filesystem::path>& paths);

/// The people of kept comparisons, as resampling wants them.
metrics::People people_of(const Comparisons& comparisons);

}  // namespace lafs
