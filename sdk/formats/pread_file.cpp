#include "formats/pread_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include "lafs/error.h"

namespace lafs::formats {

PreadFile::PreadFile(std::filesystem::path file) : path_(std::move(file)) {
  descriptor_ = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC);
  struct stat status{};
  if (descriptor_ < 0 || ::fstat(descriptor_, &status) != 0 || !S_ISREG(status.st_mode)) {
    const int error = descriptor_ < 0 ? errno : EISDIR;
    if (descriptor_ >= 0) ::close(std::exchange(descriptor_, -1));
    throw Error(fmt::format("\"{}\" cannot be read: {}", path_.string(), std::strerror(error)));
  }
  size_ = static_cast<uint64_t>(status.st_size);
}

PreadFile::PreadFile(PreadFile&& other) noexcept
    : path_(std::move(other.path_)), descriptor_(std::exchange(other.descriptor_, -1)), size_(other.size_) {}

PreadFile::~PreadFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

void PreadFile::read(uint64_t offset, std::span<uint8_t> bytes) const {
  while (!bytes.empty()) {
    const ssize_t got = ::pread(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) {
      const std::string reason = got < 0 ? std::strerror(errno) : "it ends there, but was longer when it was opened";
      throw Error(fmt::format("\"{}\" cannot be read at byte {}: {}", path_.string(), offset, reason));
    }
    offset += static_cast<uint64_t>(got);
    bytes = bytes.subspan(static_cast<size_t>(got));
  }
}

}  // namespace lafs::formats
