#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "kernel/recipe.h"

namespace lafs {

/// Whether a run has begun in the folder.
bool holds_run(const std::filesystem::path& folder);

/// Names of the folders within that hold a run, sorted: in the folder of a row its stages.
std::vector<std::string> runs_in(const std::filesystem::path& folder);

/// A run that has nothing left to train.
struct FinishedRun {
  nlohmann::json results;  ///< its results.json
  bool evaluated = false;  ///< whether these are of the recipe's evaluators as they are now
};

/// What lies in a run folder, when it is this recipe's run and was trained to its end. Opens the training data where it is there.
/// Throws Error when that is not the data of the run.
std::optional<FinishedRun> finished_run(const Recipe& recipe, const std::filesystem::path& folder);

}  // namespace lafs
