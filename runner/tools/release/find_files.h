#pragma once
#include <filesystem>
#include <string>
#include <vector>

namespace lafs {

/// What lies in a folder of released files, by names and layout alone; each list in the order of paths.
struct FoundFiles {
  std::vector<std::filesystem::path> weights;      ///< .pth, .pt, .pth.tar, .safetensors
  std::vector<std::filesystem::path> pair_sets;    ///< .bin
  std::vector<std::filesystem::path> ijb_folders;  ///< with meta/ or loose_crop/, or called IJBB or IJBC
  std::vector<std::filesystem::path> record_sets;  ///< .rec
  std::vector<std::string> notes;                  ///< what was not looked at, a sentence each

  bool nothing() const { return weights.empty() && pair_sets.empty() && ijb_folders.empty() && record_sets.empty(); }
};

/// Looks through a folder, six folders deep. Links to folders are followed; a folder that several paths lead to is looked at once, so
/// circles end. Folders of IJB are not entered, and hidden ones neither. Throws Error for a path that is no folder.
///
///     const FoundFiles found = find_files("release");  // found.weights, found.ijb_folders
FoundFiles find_files(const std::filesystem::path& folder);

}  // namespace lafs
