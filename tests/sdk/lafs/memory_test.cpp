#include "lafs/memory.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "lafs/error.h"
#include "support/error_of.h"

namespace lafs {

TEST_CASE("memory: bytes are written in the unit that fits") {
  CHECK(bytes_text(0) == "0 bytes");
  CHECK(bytes_text(999) == "999 bytes");
  CHECK(bytes_text(1000) == "1.0 kB");
  CHECK(bytes_text(999949) == "999.9 kB");
  CHECK(bytes_text(999950) == "1.0 MB");
  CHECK(bytes_text(34.4e9) == "34.4 GB");
  CHECK(bytes_text(8.8e12) == "8.8 TB");
  CHECK(bytes_text(1e30) == "1000000000000.0 EB");
}

TEST_CASE("memory: what exceeds the machine is refused with both numbers, and what fits is not") {
  const auto limit = static_cast<double>(memory_limit());
  CHECK(limit > 1e6);
  CHECK(limit < 1e18);
  int64_t refused = 0;
  for (double share = 1.0 / 1024; share < 1e9; share *= 2) {
    const std::string text = test::error_of([&] { check_memory(limit * share, "a table"); });
    CHECK(text == (share <= 1
                       ? ""
                       : fmt::format("a table needs {} of memory, and this machine has {}", bytes_text(limit * share), bytes_text(limit))));
    refused += !text.empty();
  }
  CHECK(refused == 29);
}

}  // namespace lafs
