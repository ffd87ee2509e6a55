#pragma once
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace lafs {

/// What can change the numbers of a stage, and what a ledger knows it by.
struct StageFacts {
  std::string name;                 ///< of the stage in the row that ran it first, or of the recipe's file
  std::string identity;             ///< training identity of its recipe: options, plugin revisions, identities of the stages before
  std::string data;                 ///< content fingerprint of its training data; empty: the data is not there
  std::vector<std::string> inputs;  ///< keys of the stages whose weights it takes

  std::string key() const;  ///< 12 hex digits of a hash of the rest; the name does not count
};

/// A stage that was run, or begun.
struct LedgerStage {
  StageFacts facts;
  std::string recipe;  ///< file of the row or recipe that ran it first
  std::filesystem::path folder;
};

/// How far a stage came.
struct StageProgress {
  bool finished = false;     ///< trained and evaluated to its end
  bool has_weights = false;  ///< those of a finished stage may have been deleted to save space
  int64_t step = -1;         ///< of the newest checkpoint of a stage that is not finished; -1: there is none
  std::string user;          ///< the process that works on it; empty: none
  int64_t bytes = 0;         ///< of all its files; a file with several names counts once
};

/// The ledger of rows and grids that name none, in the working directory.
inline constexpr const char* default_ledger = "runs/stages";

/// The stages of all rows and grids, finished and half-finished, each a run folder ROOT/NAME-KEY that holds a stage.json. A stage that is
/// known by its key is never run twice, whichever row needs it. Several processes may use one ledger: a run folder's own lock keeps two
/// from one stage, and files are written whole. What other processes enter later is found by `folder_of`, for it looks at the disk.
///
///     Ledger ledger("runs/stages");
///     const fs::path folder = ledger.folder_of(facts);   // where it was run, or is to be run
class Ledger {
 public:
  /// Reads what is there; makes nothing. Throws Error for a ledger that a newer version wrote, and for a file in place of the folder.
  explicit Ledger(const std::filesystem::path& root);

  const std::filesystem::path& root() const { return root_; }

  /// The folder of the stage with this key, where it was begun or is to be run. Where the data is unknown: of the stage with the same
  /// identity and inputs, a finished one first.
  std::filesystem::path folder_of(const StageFacts& facts) const;
  /// Notes what is about to be run in `folder_of(facts)`. Throws Error when it cannot be written.
  void enter(const StageFacts& facts, const std::filesystem::path& recipe) const;

  /// Every stage, by name and key. Folders whose stage.json cannot be read are left out.
  std::vector<LedgerStage> stages() const;

 private:
  std::filesystem::path root_;
};

StageProgress stage_progress(const LedgerStage& stage);

}  // namespace lafs
