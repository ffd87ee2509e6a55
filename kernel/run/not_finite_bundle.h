#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "kernel/ledger/checkpoint_state.h"
#include "kernel/run/failed_step.h"

namespace lafs {

class CheckpointStore;
class NotFinite;
class Trainer;

/// Where a run was when it met a number that is not finite.
struct NotFiniteRun {
  const Recipe& recipe;
  const Epochs& epochs;
  const RunPosition& position;
  CheckpointFacts facts;
  Trainer& trainer;
  std::shared_ptr<const DataSource> source;
  RecipeAssembly& assembly;
  at::Device device;
  bool has_checkpoint = false;  ///< of an earlier step
};

/// Writes the bundle, the folder not_finite of a run folder: the state before the step as a checkpoint, recipe.toml, and bundle.json, which
/// says what was fed and where the first number appeared that is not finite; for that the step is run a second time. `replay` runs it again
/// from there. Of a run in fp16 that has no scale left, only bundle.json. Throws Error that names the folder, or says that it cannot be
/// written.
[[noreturn]] void stop_not_finite(const std::filesystem::path& folder, const NotFiniteRun& run, const NotFinite& error);

/// Whether more steps were left out than `[run] not_finite_limit` allows.
bool too_many_left_out(const RunOptions& run, const std::vector<int64_t>& steps);

/// Throws Error when they are too many; `reason` is that of the last.
void check_left_out(const RunOptions& run, const std::vector<int64_t>& steps, const std::string& reason);

}  // namespace lafs
