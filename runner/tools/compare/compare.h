#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "metrics/bootstrap.h"
#include "runner/tools/compare/scored_results.h"

namespace lafs {

/// From what a difference was judged.
enum class Judged {
  paired,       ///< the scores of the same pairs
  alone,        ///< the spread of each result: the results are taken for independent
  incomparable  ///< not at all: the two were measured on different pairs
};

/// How a metric of one model differs from that of the first.
struct Difference {
  std::string evaluator, metric;
  size_t model = 0;  ///< in the order they were given, from 1
  double difference = 0;
  metrics::Interval interval;  ///< 95 %; NaN on different pairs, and of too few people
  std::optional<double> p;     ///< of McNemar's test, for accuracies on the same pairs
  Judged judged = Judged::alone;
  bool lacks_scores = false;   ///< pairs were compared, but their scores are not there for both: with them it would be paired
  int64_t too_few_people = 0;  ///< where it was measured on fewer than `metrics::fewest_people`, their number
  bool real = false;           ///< the interval leaves out 0, and p is below 0.05 where there is one
};

/// Every headline metric that the first model shares with each other one. Scores of the same pairs give a paired test; where scores are
/// missing, the results are taken for independent, and metrics whose spread is unknown are left out. Results of an evaluator of one name
/// that were measured on different pairs, by the digests, are not judged.
std::vector<Difference> differences_of(const std::vector<ScoredResults>& models, const metrics::Resampling& how);

/// The models side by side, those that differ really from the first marked with "*", and how each difference was judged.
std::string comparison_text(const std::vector<ScoredResults>& models, const std::vector<Difference>& differences);

nlohmann::json comparison_json(const std::vector<ScoredResults>& models, const std::vector<Difference>& differences);

}  // namespace lafs
