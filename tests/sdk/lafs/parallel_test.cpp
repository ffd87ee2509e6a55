#include "lafs/parallel.h"

#include <doctest/doctest.h>

#include <atomic>
#include <string>
#include <vector>

#include "lafs/error.h"
#include "support/error_of.h"

using namespace lafs;

TEST_CASE("parallel: every number comes once, whatever the blocks and threads") {
  for (const int64_t threads : {1, 2, 7}) {
    for (const int64_t block : {1, 3, 1000}) {
      for (const int64_t count : {0, 1, 20}) {
        std::vector<std::atomic<int>> seen(static_cast<size_t>(count));
        for_blocks(5, 5 + count, block, threads, [&](int64_t first, int64_t past) {
          CHECK(past - first <= block);
          for (int64_t i = first; i < past; ++i) ++seen[static_cast<size_t>(i - 5)];
        });
        for (const auto& times : seen) CHECK(times == 1);
      }
    }
  }
}

TEST_CASE("parallel: of several failures the one of the lowest block is thrown") {
  for (const int64_t threads : {1, 2, 7}) {
    CHECK(test::error_of([&] {
            for_blocks(0, 1000, 10, threads, [](int64_t first, int64_t) {
              if (first >= 300) throw Error("block " + std::to_string(first));
            });
          }) == "block 300");
  }
}

TEST_CASE("parallel: the machine has a thread") { CHECK(hardware_threads() >= 1); }
