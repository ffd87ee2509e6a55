#pragma once
#include <cstdint>
#include <string>

namespace lafs {

/// The share of `threads` cores, at most those of the machine, that as many busy threads of this process get, in (0, 1]: near 1 where
/// nothing else computes, about 1/2 where another program keeps every core busy. Keeps the cores busy for so many seconds. Throws
/// std::system_error where threads cannot be started. [any thread]
double core_share(int64_t threads, double seconds = 0.1);

/// A sentence where a share says that other programs use the cores; else empty.
std::string contention_warning(double share, int64_t threads);

}  // namespace lafs
