#pragma once
#include <filesystem>
#include <string>

namespace lafs {

/// A folder whose content appears whole or not at all: files are written to a hidden folder beside it or, where it exists, in it, which
/// `commit` renames or moves up. What is there already is never touched: a folder that is not empty is refused. Leftovers of this program
/// that was killed (".part" folders) do not count. [one thread at a time]
class NewFolder {
 public:
  /// Throws Error for a file, for a folder that holds anything, and where nothing can be written.
  explicit NewFolder(const std::filesystem::path& wanted);
  ~NewFolder();  ///< removes what was not committed
  NewFolder(const NewFolder&) = delete;
  NewFolder& operator=(const NewFolder&) = delete;

  std::filesystem::path operator/(const std::string& name) const { return apart_ / name; }
  const std::filesystem::path& wanted() const { return wanted_; }
  void commit();

 private:
  std::filesystem::path wanted_, apart_;
  bool there_ = false;
};

/// Throws Error when one of two folders lies in the other, or they are one: results would be taken for data, or data be written over.
void check_apart(const std::filesystem::path& data, const std::filesystem::path& out);

}  // namespace lafs
