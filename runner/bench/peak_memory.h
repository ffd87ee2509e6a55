#pragma once
#include <sys/resource.h>

#include <cstdint>

namespace lafs {

/// The most memory this process ever held, in bytes. [any thread]
inline int64_t peak_bytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss * 1024;
}

}  // namespace lafs
