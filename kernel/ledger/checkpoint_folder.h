#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/ledger/checkpoint_state.h"

namespace lafs {

/// A checkpoint of a run that can be read: its state parses, and its tensor files have their full length.
struct WholeCheckpoint {
  std::filesystem::path folder;
  RunPosition position;
  CheckpointFacts facts;
};

/// What lies in the folder `checkpoints` of a run.
struct CheckpointSurvey {
  std::vector<WholeCheckpoint> whole;  ///< that of the most steps first; each once, however many names it has
  std::vector<std::string> damaged;    ///< "NAME: what is wrong with it" for each folder that looks like one of ours and is not whole
};

/// The folder `checkpoints` of a run: folders `step-NNNNNNNN`, and the names `last` and `best` for two of them. Those are symbolic links
/// where the file system has such, and else small files that hold the name of the folder. Copy programs turn links into folders or lose
/// them: what counts is what the checkpoints themselves say, and `repair` brings the names in line with it.
/// Members that only read never throw, unless they say so. [one thread at a time]
///
///     CheckpointFolder checkpoints("runs/faces");
///     for (const WholeCheckpoint& found : checkpoints.survey().whole) fmt::print("{} steps\n", found.position.step);
class CheckpointFolder {
 public:
  explicit CheckpointFolder(const std::filesystem::path& run_folder) : folder_(run_folder / "checkpoints") {}

  const std::filesystem::path& path() const { return folder_; }
  static std::string name_of(int64_t step);  ///< "step-00000042"

  /// The checkpoint that `last` or `best` names. Where the name leads nowhere: for `last` the newest whole checkpoint, for `best` the one
  /// that the newest calls best. Empty when there is none.
  std::filesystem::path find(std::string_view name) const;
  /// Whether `best` is a checkpoint of fewer steps than `last`, both of which can be read.
  bool best_is_earlier() const;
  /// Reads the state and the headers of every checkpoint.
  CheckpointSurvey survey() const;
  /// Whether `last` or `best` names a checkpoint that is missing.
  bool has_dangling_name() const;

  /// Empty, or a sentence for people where the file system has no symbolic links. Makes the folder. Throws Error when it cannot be written.
  std::string prepare() const;
  /// Makes `name` ("last", "best") lead to the folder `target` within. Throws Error.
  void point(const std::string& name, const std::string& target) const;
  /// Makes both names lead to what a continuation from `from` has as last and best, turns copies that took the place of a name back into
  /// names, and returns a sentence for each change. Throws Error when the folder cannot be written.
  std::vector<std::string> repair(const WholeCheckpoint& from) const;
  /// Removes the checkpoints of this training identity that neither name leads to and that do not stay, and what kills left half-written.
  /// Others are kept.
  void prune(const std::string& identity) const;

 private:
  std::string target_of(std::string_view name) const;
  std::string settle(const std::string& name) const;
  std::filesystem::path move_aside(const std::string& name) const;

  std::filesystem::path folder_;
};

}  // namespace lafs
