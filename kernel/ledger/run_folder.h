#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "kernel/ledger/file_lock.h"
#include "lafs/error.h"

namespace lafs {

/// Another process works on a run folder.
class FolderInUse : public Error {
 public:
  using Error::Error;
};

/// Held while a process works on a run folder; makes the folder when it is absent. A run that fails before it wrote anything leaves no
/// folder behind. The constructor throws Error when the folder cannot be written, and FolderInUse where another process holds it.
class FolderLock {
 public:
  explicit FolderLock(const std::filesystem::path& folder);
  ~FolderLock();
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

  const std::string& note() const { return lock_.note(); }  ///< as FileLock's

 private:
  std::filesystem::path folder_;
  bool made_ = false;
  FileLock lock_;
};

/// Throws FolderInUse where a process works on the folder now. Makes nothing, and keeps nothing.
void require_free(const std::filesystem::path& folder);

/// Whether nothing is there, or an empty folder, or one with nothing but what a run that never began leaves behind.
bool holds_nothing(const std::filesystem::path& folder);

/// Whether lafs wrote the folder as a run folder: its manifest or a checkpoint says so.
bool is_run_of_lafs(const std::filesystem::path& folder);

/// Whether a run in the folder has written a checkpoint.
bool holds_run(const std::filesystem::path& folder);

/// Names of the folders within that hold a run, sorted: in the folder of a row its stages.
std::vector<std::string> runs_in(const std::filesystem::path& folder);

/// Lines that differ between two resolved recipes, "-" the first's and "+" the second's, at most `most` of them.
std::string recipe_difference(const std::string& first, const std::string& second, size_t most = 6);

/// A sentence for each record that is missing from the folder of a run with checkpoints; going on writes a new one.
std::vector<std::string> missing_records(const std::filesystem::path& run_folder);

}  // namespace lafs
