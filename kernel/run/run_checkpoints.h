#pragma once
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "kernel/ledger/checkpoint_folder.h"
#include "kernel/recipe/recipe.h"

namespace lafs {

class RecipeAssembly;
class Trainer;

/// What every checkpoint of a run says of it.
CheckpointFacts checkpoint_facts(const Recipe& recipe, Trainer& trainer, RecipeAssembly& assembly, const std::string& fingerprint);

/// Puts weights, optimizer and scaler of a checkpoint into the trainer. Throws Error naming the file.
void load_checkpoint(Trainer& trainer, const WholeCheckpoint& from);

/// Finds where a run continues, whatever was done to its folder meanwhile. [main thread]
class RunCheckpoints {
 public:
  using Note = std::function<void(const std::string&)>;

  /// `note` hears sentences about the file system and about repairs. Throws Error when the folder cannot be written.
  RunCheckpoints(const std::filesystem::path& run_folder, Note note);

  /// The newest whole checkpoint; null where the run has written none. Throws Error for one of another recipe than this and the one with
  /// the identity `extends`, and where checkpoints lie of which none is whole: a run never starts over what can still be rescued.
  const WholeCheckpoint* newest(const Recipe& recipe, const std::string& extends) const;
  /// Fills the trainer from the newest of those checkpoints that can be used, brings the names in the folder in line, and returns where
  /// the run stands. Throws Error when there is none.
  RunPosition load(const Recipe& recipe, const std::string& extends, Trainer& trainer);

 private:
  [[noreturn]] void none_is_whole(const std::vector<std::string>& reasons) const;

  std::filesystem::path run_folder_;
  CheckpointFolder checkpoints_;
  CheckpointSurvey found_;
  Note note_;
};

}  // namespace lafs
