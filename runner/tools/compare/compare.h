#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "metrics/bootstrap.h"
#include "runner/tools/compare/scored_results.h"

namespace lafs {

/// How a metric of one model differs from that of the first.
struct Difference {
  std::string evaluator, metric;
  size_t model = 0;  ///< in the order they were given, from 1
  double difference = 0;
  metrics::Interval interval;  ///< 95 %
  std::optional<double> p;     ///< of McNemar's test, for accuracies on the same pairs
  bool paired = false;         ///< from the scores of the same pairs; else from the spread of each result alone
  bool real = false;           ///< the interval leaves out 0, and p is below 0.05 where there is one
};

/// Every headline metric that the first model shares with each other one. Scores of the same pairs give a paired test; where scores are
/// missing or the pairs differ, the results are taken for independent. Metrics whose spread is unknown are left out.
std::vector<Difference> differences_of(const std::vector<ScoredResults>& models, const metrics::Resampling& how);

/// The models side by side, those that differ really from the first marked with "*", and how each difference was judged.
std::string comparison_text(const std::vector<ScoredResults>& models, const std::vector<Difference>& differences);

nlohmann::json comparison_json(const std::vector<ScoredResults>& models, const std::vector<Difference>& differences);

}  // namespace lafs
