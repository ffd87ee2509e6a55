#pragma once
#include <cstdint>
#include <functional>

namespace lafs {

/// Threads that this machine runs at once, at least 1.
int64_t hardware_threads();

/// Calls `work(first, past)` for consecutive blocks of at most `block` numbers that together are [begin, end), on at most `threads`
/// threads, the caller's among them. Returns when all are done. If a call throws, no further block is started, and the exception of the
/// lowest block that threw is thrown again here, so the error does not depend on the number of threads.
///
///     for_blocks(0, source.size(), 64, hardware_threads(), [&](int64_t first, int64_t past) {
///       for (int64_t i = first; i < past; ++i) keys[i] = source.key(i);
///     });
void for_blocks(int64_t begin, int64_t end, int64_t block, int64_t threads, const std::function<void(int64_t, int64_t)>& work);

}  // namespace lafs
