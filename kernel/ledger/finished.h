#pragma once
#include <filesystem>
#include <optional>
#include <string>

#include <nlohmann/json.hpp>

#include "kernel/recipe/recipe.h"

namespace lafs {

/// A run that has nothing left to train.
struct FinishedRun {
  nlohmann::json results;        ///< its results.json
  std::string data_fingerprint;  ///< of what it was trained on
  bool other_data = false;       ///< whether the data of now is known to be other data
  bool evaluated = false;        ///< whether the results are of the recipe's evaluators as they are now
  bool has_weights = false;      ///< those of a finished run may have been deleted to save space
};

/// What a run folder holds, when it is this recipe's run and was trained to its end. Opens no data: whether it is still the data of the
/// run is for the caller to ask (`finished_run` in kernel/run/finished_run.h). Never throws.
std::optional<FinishedRun> read_finished_run(const Recipe& recipe, const std::filesystem::path& folder);

}  // namespace lafs
