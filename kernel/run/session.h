#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "kernel/recipe/recipe.h"
#include "kernel/registry/registry.h"
#include "kernel/results/named_metrics.h"
#include "kernel/run/listener.h"

namespace lafs {

struct SessionRequest {
  const Recipe& recipe;
  const Registry& registry;
  std::filesystem::path folder;      ///< the run folder; continued where it holds a checkpoint of this recipe
  std::vector<std::string> command;  ///< argv, for the manifest
  RunListeners listeners;            ///< called in this order; they must outlive the session
  std::string accept_data{};         ///< why the run goes on with other data than it was trained on; empty: it does not
  std::string extends{};             ///< training identity of a run that this one trains further, see extend_run; empty: none
};

struct SessionOutcome {
  bool interrupted = false;  ///< stopped by a signal; a checkpoint was written
  bool was_done = false;     ///< nothing was left to do
  int64_t step = 0, total = 0;
  int64_t damaged = 0;  ///< pictures that others stood in for
  double seconds = 0, images_per_second = 0, waiting_share = 0;
  std::vector<NamedMetrics> results;  ///< of the last step
};

/// Trains a run recipe to its end, or to a signal. What the folder holds is whole at any moment.
/// Throws Error, also for a folder in use or of another recipe, and StoppedReading for a signal before it began. [main thread]
///
///     Registry registry;
///     registry.load_folder("build/lib/lafs/plugins");
///     const Recipe recipe = open_recipe("faces.toml", {}, registry);
///     const SessionOutcome outcome = run_session({recipe, registry, "runs/faces"});
SessionOutcome run_session(const SessionRequest& request);

}  // namespace lafs
