#pragma once
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "kernel/ledger/checkpoint_folder.h"
#include "kernel/recipe/recipe.h"

namespace lafs {

class Trainer;

/// Finds where a run continues, whatever was done to its folder meanwhile. [main thread]
class RunCheckpoints {
 public:
  using Note = std::function<void(const std::string&)>;

  /// `note` hears sentences about the file system and about repairs. Throws Error when the folder cannot be written.
  RunCheckpoints(const std::filesystem::path& run_folder, Note note);

  /// The newest whole checkpoint; null where the run has written none. Throws Error for one of another recipe, and where checkpoints
  /// lie of which none is whole: a run never starts over what can still be rescued.
  const WholeCheckpoint* newest(const Recipe& recipe) const;
  /// Fills the trainer from the newest checkpoint that can be used, brings the names in the folder in line, and returns where the run
  /// stands. Throws Error when there is none.
  RunPosition load(Trainer& trainer);

 private:
  [[noreturn]] void none_is_whole(const std::vector<std::string>& reasons) const;

  std::filesystem::path run_folder_;
  CheckpointFolder checkpoints_;
  CheckpointSurvey found_;
  Note note_;
};

}  // namespace lafs
