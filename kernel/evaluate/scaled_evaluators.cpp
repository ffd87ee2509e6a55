#include "kernel/evaluate/scaled_evaluators.h"

#include <algorithm>

namespace lafs {

std::vector<ScaledEvaluators> by_scaling(const NamedEvaluators& chosen, const Recipe& recipe) {
  std::vector<ScaledEvaluators> groups;
  for (const auto& one : chosen) {
    const auto entry = std::find_if(recipe.evaluators.begin(), recipe.evaluators.end(),
                                    [&](const EvaluatorEntry& written) { return written.name == one.first; });
    const InputContract input = entry == recipe.evaluators.end() ? recipe.input : entry->input_of(recipe.input);
    auto group = std::find_if(groups.begin(), groups.end(), [&](const ScaledEvaluators& known) { return known.input == input; });
    if (group == groups.end()) group = groups.insert(groups.end(), {input, {}});
    group->evaluators.push_back(one);
  }
  return groups;
}

std::vector<NamedMetrics> in_order(const NamedEvaluators& chosen, const std::vector<std::vector<NamedMetrics>>& groups) {
  std::vector<NamedMetrics> out;
  for (const auto& one : chosen) {
    for (const auto& group : groups) {
      const auto found = std::find_if(group.begin(), group.end(), [&](const NamedMetrics& metrics) { return metrics.name == one.first; });
      if (found != group.end()) out.push_back(*found);
    }
  }
  return out;
}

}  // namespace lafs
