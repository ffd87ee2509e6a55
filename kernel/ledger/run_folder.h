#pragma once
#include <filesystem>
#include <string>
#include <vector>

namespace lafs {

/// Held while a process works on a run folder; makes the folder when it is absent. A run that fails before it wrote anything leaves no
/// folder behind. The constructor throws Error when the folder cannot be written or another process holds it.
class FolderLock {
 public:
  explicit FolderLock(const std::filesystem::path& folder);
  ~FolderLock();
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  std::filesystem::path folder_;
  int handle_;
};

/// Whether a run in the folder has written a checkpoint.
bool holds_run(const std::filesystem::path& folder);

/// Names of the folders within that hold a run, sorted: in the folder of a row its stages.
std::vector<std::string> runs_in(const std::filesystem::path& folder);

/// Lines that differ between two resolved recipes, "-" the first's and "+" the second's, at most `most` of them.
std::string recipe_difference(const std::string& first, const std::string& second, size_t most = 6);

}  // namespace lafs
