#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "kernel/evaluate/evaluate_model.h"

namespace lafs {

struct EvalRequest {
  EvaluationRequest evaluation;               ///< with the first model
  std::vector<std::filesystem::path> others;  ///< measured beside it
  std::filesystem::path out;                  ///< a file; a folder where there are others; empty: nothing is written
  bool force = false;                         ///< files in that folder may be replaced
};

struct EvalOutcome {
  std::string text;  ///< for the terminal
  nlohmann::json json;
};

/// Measures one model, or several side by side. One: its results are written to the file `out`, and scores beside it. Several:
/// `out`/NAME.json for each, named as `lafs compare` names them, and they are compared with the first. Throws Error as evaluate_models
/// does, before any work for a file that is there without `force`. [main thread]
EvalOutcome run_eval(const EvalRequest& request, Registry& registry);

}  // namespace lafs
