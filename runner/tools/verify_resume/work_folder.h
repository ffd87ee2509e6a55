#pragma once
#include <filesystem>

namespace lafs {

/// The folder that is named, which stays, or a new temporary one, which goes with this object unless it is kept.
class WorkFolder {
 public:
  /// Throws Error when a temporary folder cannot be made.
  explicit WorkFolder(const std::filesystem::path& named);
  ~WorkFolder();
  WorkFolder(const WorkFolder&) = delete;
  WorkFolder& operator=(const WorkFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  void keep() { temporary_ = false; }

 private:
  std::filesystem::path path_;
  bool temporary_ = false;
};

}  // namespace lafs
