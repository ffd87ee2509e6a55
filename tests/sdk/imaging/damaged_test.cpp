#include "imaging/damaged.h"

#include <doctest/doctest.h>

#include <map>
#include <stdexcept>
#include <string>

#include "lafs/error.h"

using lafs::imaging::find_damaged;

TEST_CASE("damaged: the items that throw are returned with their texts, whatever the threads") {
  const auto decode = [](int64_t index) {
    if (index % 7 == 3) throw lafs::Error("item " + std::to_string(index));
  };
  for (const int64_t threads : {1, 4}) {
    CHECK(find_damaged(20, threads, decode) == std::map<int64_t, std::string>{{3, "item 3"}, {10, "item 10"}, {17, "item 17"}});
    CHECK(find_damaged(3, threads, decode).empty());
    CHECK(find_damaged(0, threads, decode).empty());
  }
}

TEST_CASE("damaged: an exception that is not an error of an item ends the search") {
  CHECK_THROWS_AS(find_damaged(5, 2, [](int64_t) { throw std::bad_alloc(); }), std::bad_alloc);
}
