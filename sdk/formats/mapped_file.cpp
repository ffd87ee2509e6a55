#include "formats/mapped_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "lafs/error.h"

namespace lafs::formats {

MappedFile::MappedFile(const std::filesystem::path& file) {
  const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  int error = descriptor < 0 ? errno : 0;
  struct stat status{};
  if (!error && ::fstat(descriptor, &status) != 0) error = errno;
  if (!error && !S_ISREG(status.st_mode)) error = S_ISDIR(status.st_mode) ? EISDIR : EINVAL;
  size_ = error ? 0 : static_cast<uint64_t>(status.st_size);
  void* map = nullptr;
  if (size_ > 0) {
    map = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, descriptor, 0);
    if (map == MAP_FAILED) error = errno;
  }
  if (descriptor >= 0) ::close(descriptor);
  if (error) throw Error(fmt::format("cannot read \"{}\": {}", file.string(), std::strerror(error)));
  if (map) {
    const uint64_t length = size_;
    map_ = {static_cast<const std::byte*>(map), [length](const std::byte* p) { ::munmap(const_cast<std::byte*>(p), length); }};
  }
}

}  // namespace lafs::formats
