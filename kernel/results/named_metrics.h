#pragma once
#include <string>

#include "lafs/metrics.h"

namespace lafs {

/// What one `[[evaluator]]` of a recipe found.
struct NamedMetrics {
  std::string name;  ///< of the evaluator's entry: "lfw"
  Metrics metrics;
  double seconds = 0;  ///< of scoring, or of the whole run of an interactive evaluator
};

}  // namespace lafs
