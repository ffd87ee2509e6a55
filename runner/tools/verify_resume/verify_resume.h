#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "kernel/recipe/recipe.h"
#include "kernel/registry/registry.h"
#include "runner/tools/verify_resume/compare.h"

namespace lafs {

struct VerifyRequest {
  std::filesystem::path program;  ///< that runs the recipe: this one
  std::filesystem::path recipe;
  std::filesystem::path out;     ///< where both runs stay; empty: a temporary folder, removed when they are equal
  std::filesystem::path inputs;  ///< folder of the row whose stages the stage takes weights from; empty: as `lafs run` chooses it
  std::vector<std::string> set;  ///< "KEY=VALUE"
  RecipeContext context;         ///< with the same overrides
  std::string stage;             ///< of a row
  int64_t steps = 20;            ///< of each run, > 1
  int64_t kill_at = -1;          ///< kill after so many steps; negative: a random number
};

struct Verification {
  Comparison comparison;
  int64_t steps = 0, killed_at = 0;  ///< steps done by each run, and logged by the second before it was killed
  std::filesystem::path folder;

  bool equal() const { return comparison.different.empty(); }
};

/// Runs a recipe once to its end and once killed and continued, as processes of their own, and compares what they leave.
/// Throws Error or RecipeError.
Verification verify_resume(const VerifyRequest& request, Registry& registry);

nlohmann::json verification_json(const Verification& verification);
std::string verification_text(const Verification& verification);

}  // namespace lafs
