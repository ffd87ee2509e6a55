#include "imaging/damaged.h"

#include <mutex>

#include "lafs/error.h"
#include "lafs/parallel.h"

namespace lafs::imaging {

std::map<int64_t, std::string> find_damaged(int64_t size, int64_t threads, const std::function<void(int64_t)>& decode) {
  std::map<int64_t, std::string> damaged;
  std::mutex guard;
  for_blocks(0, size, 1, threads, [&](int64_t index, int64_t) {
    try {
      decode(index);
    } catch (const Error& error) {
      const std::lock_guard lock(guard);
      damaged[index] = error.what();
    }
  });
  return damaged;
}

}  // namespace lafs::imaging
