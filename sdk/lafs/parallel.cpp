#include "lafs/parallel.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace lafs {

int64_t hardware_threads() { return std::max<int64_t>(1, std::thread::hardware_concurrency()); }

void for_blocks(int64_t begin, int64_t end, int64_t block, int64_t threads, const std::function<void(int64_t, int64_t)>& work) {
  std::atomic<int64_t> next{begin};
  std::mutex guard;
  std::exception_ptr failure;
  int64_t failed_at = end;
  const auto take_blocks = [&] {
    for (int64_t at = next.fetch_add(block); at < end; at = next.fetch_add(block)) {
      try {
        work(at, std::min(end, at + block));
      } catch (...) {
        const std::lock_guard lock(guard);
        if (at < failed_at) failure = std::current_exception();
        failed_at = std::min(failed_at, at);
        next = end;
      }
    }
  };
  {
    std::vector<std::jthread> others;
    const int64_t blocks = (end - begin + block - 1) / block;
    for (int64_t t = 1; t < std::min(threads, blocks); ++t) others.emplace_back(take_blocks);
    take_blocks();
  }
  if (failure) std::rethrow_exception(failure);
}

}  // namespace lafs
