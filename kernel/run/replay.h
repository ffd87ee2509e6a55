#pragma once
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "kernel/recipe/recipe.h"
#include "kernel/registry/registry.h"
#include "kernel/run/failed_step.h"

namespace lafs {

struct ReplayRequest {
  std::filesystem::path bundle;  ///< the folder not_finite of a run, or the run's
  RecipeContext context;         ///< with overrides that leave the training what it is: run.device, run.threads
  std::function<void(const std::string&)> note = [](const std::string&) {};
};

/// A step that was run again from its bundle.
struct Replay {
  FailedStep before;                     ///< as the bundle has it
  std::optional<FailedStep> again;       ///< nothing: it came out finite
  std::vector<std::string> differences;  ///< sentences; none: equal, bit for bit

  bool equal() const { return differences.empty(); }
};

/// Runs the step of a bundle again: same weights, optimizer state, pictures and random numbers. Writes nothing. Throws Error for a folder
/// that holds no bundle, and for overrides that make another training of it. [main thread]
Replay replay(const ReplayRequest& request, Registry& registry);

std::string replay_text(const Replay& replay);
nlohmann::json replay_json(const Replay& replay);

}  // namespace lafs
