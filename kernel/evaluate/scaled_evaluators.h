#pragma once
#include <vector>

#include "kernel/recipe/recipe.h"
#include "kernel/results/named_metrics.h"
#include "lafs/input.h"

namespace lafs {

/// Evaluators that feed the network pixels of one scale.
struct ScaledEvaluators {
  InputContract input;
  NamedEvaluators evaluators;
};

/// The evaluators of a recipe, or some of them, by `[[evaluator]] scaling`.
std::vector<ScaledEvaluators> by_scaling(const NamedEvaluators& chosen, const Recipe& recipe);

/// The results of such groups in the order of `chosen`.
std::vector<NamedMetrics> in_order(const NamedEvaluators& chosen, const std::vector<std::vector<NamedMetrics>>& groups);

}  // namespace lafs
