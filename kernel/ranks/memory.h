#pragma once
#include <cstdint>

namespace lafs {

/// What the process frees stays with it for the next step: else a step's large tensors are new pages, cleared by the kernel, each time.
/// Before any large allocation. [main thread]
void keep_freed_memory();

/// The most memory this process ever held, in bytes. [any thread]
int64_t peak_bytes();

}  // namespace lafs
