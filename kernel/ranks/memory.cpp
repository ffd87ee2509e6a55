#include "kernel/ranks/memory.h"

#include <malloc.h>
#include <sys/resource.h>

namespace lafs {

void keep_freed_memory() {
  mallopt(M_MMAP_MAX, 0);         // large blocks come from the heap as well,
  mallopt(M_TRIM_THRESHOLD, -1);  // which never shrinks
  mallopt(M_TOP_PAD, 64 << 20);
}

int64_t peak_bytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss * 1024;
}

}  // namespace lafs
