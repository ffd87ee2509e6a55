#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "kernel/recipe.h"
#include "kernel/registry.h"
#include "runner/evaluate/named_metrics.h"

namespace lafs {

struct SessionRequest {
  const Recipe& recipe;
  const Registry& registry;
  std::filesystem::path folder;      ///< the run folder; continued where it holds a checkpoint of this recipe
  std::vector<std::string> command;  ///< argv, for the manifest
  bool quiet = false;
};

struct SessionOutcome {
  bool interrupted = false;  ///< stopped by a signal; a checkpoint was written
  bool was_done = false;     ///< nothing was left to do
  int64_t step = 0, total = 0;
  double seconds = 0, images_per_second = 0, waiting_share = 0;
  std::vector<NamedMetrics> results;  ///< of the last step
};

/// Trains a run recipe to its end, or to a signal. What lies in the folder is whole at any moment.
/// Throws Error, also for a folder in use or of another recipe.
SessionOutcome run_session(const SessionRequest& request);

/// Lines that differ between two resolved recipes, "-" the first's and "+" the second's, at most `most` of them.
std::string recipe_difference(const std::string& first, const std::string& second, size_t most = 6);

}  // namespace lafs
