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

/// Thresholds from kept scores: of a row's folder those of the stage that the evaluation names, or of its only stage with results. The
/// model is run instead where a recipe or a set to measure on is given, where no scores were kept, and where the best checkpoint of a run
/// is not its last, of which the kept scores are: then the best is measured. Plugins are loaded only for that. Throws Error where no
/// evaluator compares pairs, and for options without effect on kept scores. [main thread]
std::vector<EvaluatorThresholds> find_thresholds(ThresholdRequest request, const std::function<Registry()>& plugins);

}  // namespace lafs
