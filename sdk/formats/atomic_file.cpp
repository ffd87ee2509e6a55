#include "formats/atomic_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <system_error>
#include <utility>

#include "lafs/error.h"

namespace lafs::formats {
namespace {

std::filesystem::path folder_of(const std::filesystem::path& file) { return file.has_parent_path() ? file.parent_path() : "."; }

int sync_folder(const std::filesystem::path& folder) {
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return errno;
  const int error = ::fsync(descriptor) == 0 ? 0 : errno;
  ::close(descriptor);
  // Some network file systems know no fsync of folders.
  return error == EINVAL || error == ENOTSUP ? 0 : error;
}

}  // namespace

AtomicFile::AtomicFile(std::filesystem::path file) : file_(std::move(file)) {
  std::error_code code;
  if (const auto there = std::filesystem::status(file_, code); exists(there) && !is_regular_file(there)) {
    descriptor_ = ::open(file_.c_str(), O_WRONLY | O_CLOEXEC);  // a device or a pipe, which nothing may replace
    if (descriptor_ < 0) fail(errno);
    return;
  }
  if (std::filesystem::is_symlink(file_, code)) file_ = std::filesystem::weakly_canonical(file_);
  // Each writer has a name of its own; names of files that a killed process of the same id left behind are skipped.
  for (int attempt = 0; descriptor_ < 0; ++attempt) {
    beside_ = folder_of(file_) / fmt::format(".{}.{}-{}.part", file_.filename().string(), ::getpid(), attempt);
    descriptor_ = ::open(beside_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (descriptor_ < 0 && errno != EEXIST && errno != EINTR) fail(errno);
  }
}

AtomicFile::~AtomicFile() {
  if (descriptor_ < 0) return;
  ::close(descriptor_);
  if (!beside_.empty()) ::unlink(beside_.c_str());
}

void AtomicFile::fail(int error) const { throw Error(fmt::format("cannot write \"{}\": {}", file_.string(), std::strerror(error))); }

void AtomicFile::write(std::span<const std::byte> bytes) {
  if (descriptor_ < 0) fail(EBADF);
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail(errno);
    bytes = bytes.subspan(static_cast<size_t>(written));
  }
}

void AtomicFile::commit() {
  if (descriptor_ < 0) fail(EBADF);
  if (beside_.empty()) {
    if (::close(std::exchange(descriptor_, -1)) != 0) fail(errno);
    return;
  }
  if (::fsync(descriptor_) != 0) fail(errno);
  if (::rename(beside_.c_str(), file_.c_str()) != 0) fail(errno);
  const int closed = ::close(std::exchange(descriptor_, -1));
  if (closed != 0) fail(errno);
  if (const int error = sync_folder(folder_of(file_))) fail(error);
}

void write_atomically(const std::filesystem::path& file, std::string_view bytes) {
  AtomicFile out(file);
  out.write(bytes);
  out.commit();
}

}  // namespace lafs::formats
