#pragma once
#include <filesystem>
#include <string>

namespace lafs {

/// The folder that is named, which stays, or a new temporary one, which goes with this object unless it is kept.
class WorkFolder {
 public:
  /// A temporary folder is called after its purpose, "lafs-verify-resume-...". Throws Error when it cannot be made.
  WorkFolder(const std::filesystem::path& named, const std::string& purpose);
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
