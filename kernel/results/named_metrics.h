#pragma once
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "lafs/evaluator.h"
#include "lafs/metrics.h"

namespace lafs {

/// The `[[evaluator]]`s of a recipe, each with the name of its entry, in its order.
using NamedEvaluators = std::vector<std::pair<std::string, std::shared_ptr<Evaluator>>>;

/// What one `[[evaluator]]` of a recipe found.
struct NamedMetrics {
  std::string name;  ///< of the evaluator's entry: "lfw"
  Metrics metrics;
  double seconds = 0;  ///< of scoring, or of the whole run of an interactive evaluator
  /// Content fingerprint of everything that this evaluator and those beside it measured on, where it was read from results.json; empty: not
  /// known.
  std::string measured_on = "";
};

}  // namespace lafs
