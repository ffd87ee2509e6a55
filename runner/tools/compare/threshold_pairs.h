#pragma once
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "kernel/evaluate/evaluate_model.h"
#include "kernel/registry/registry.h"
#include "runner/tools/compare/far_thresholds.h"

namespace lafs {

struct ThresholdRequest {
  EvaluationRequest evaluation;  ///< its checkpoint may also be a JSON file of `lafs eval --out`
  std::vector<double> targets;   ///< false accept rates
  std::string evaluator;         ///< only this one; empty: all that compare pairs
  metrics::Resampling resampling;
  std::vector<std::string> of_measuring;  ///< options that were given and that only measuring follows: an error where scores were kept
};

/// Thresholds from scores that were kept, of a row's folder those of the stage that the evaluation names; with a recipe or a set to measure
/// on, or where none of the model's weights were kept, from running it: of a run that is its best checkpoint, as everywhere. Plugins are
/// loaded only then. Throws Error where no evaluator compares pairs, and for options without effect on scores that were kept. [main thread]
std::vector<EvaluatorThresholds> find_thresholds(ThresholdRequest request, const std::function<Registry()>& plugins);

}  // namespace lafs
