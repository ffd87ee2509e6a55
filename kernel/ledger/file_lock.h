#pragma once
#include <filesystem>
#include <string>

namespace lafs {

/// An exclusive lock on a file, which is made when it is absent; let go by the destructor and by the end of the process.
/// Where the file system has no locks (NFS without a lock service, some FUSE and container mounts), a second file, FILE.holder, takes
/// their place: it names host, process and when that process began, so that one left behind by a process that is gone is recognised and
/// replaced. A holder of another host cannot be asked, and counts as alive.
/// Keeps processes apart, not threads of one process. [any thread]
///
///     const FileLock lock(folder / ".lock");
///     if (!lock.held()) throw Error("in use by " + lock.holder());
class FileLock {
 public:
  /// Throws Error when the file cannot be written.
  explicit FileLock(const std::filesystem::path& file);
  ~FileLock();
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;

  bool held() const { return held_; }
  /// Who holds it if we do not: "another process", or "process 4711 on host node3" and what to do when that is gone.
  const std::string& holder() const { return holder_; }
  /// A sentence for people where the file system has no locks; else empty.
  const std::string& note() const { return note_; }

 private:
  void hold_by_file(int reason);

  std::filesystem::path file_, holder_file_;
  int handle_ = -1;
  bool held_ = false;
  std::string holder_ = "another process", note_;
};

}  // namespace lafs
