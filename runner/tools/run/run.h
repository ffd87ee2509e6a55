#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "kernel/recipe/recipe.h"
#include "kernel/registry/registry.h"

namespace lafs {

struct RunRequest {
  std::filesystem::path recipe, out;  ///< `out`: run folder, or folder of a row; empty: runs/<recipe>-<identity>
  std::filesystem::path ledger;       ///< where stages of a row are kept; empty: in `out`, or without that in runs/stages
  RecipeContext context;
  std::string stage;                 ///< of a row; empty: all
  std::string accept_data;           ///< why runs go on with other data than they were trained on; empty: they do not
  bool rehearse = false;             ///< run everything small on generated pictures: rehearse.h
  bool extend = false;               ///< train the run in `out` to another length
  std::vector<std::string> command;  ///< argv, for the manifest
  bool quiet = false, json = false;  ///< no progress; results as JSON
};

/// Trains a run recipe or a row to its end, or rehearses that, or continues where it was stopped, and prints the results. False when a
/// signal stopped it. Throws Error or RecipeError. [main thread]
bool run_recipe(const RunRequest& request, Registry& registry);

}  // namespace lafs
