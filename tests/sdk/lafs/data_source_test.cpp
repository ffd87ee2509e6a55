#include "lafs/data_source.h"

#include <doctest/doctest.h>

#include "support/error_of.h"

TEST_CASE("data source: an index outside the source is named with the size") {
  using lafs::check_index;
  using lafs::test::error_of;
  CHECK(error_of([] { check_index(0, 1); }).empty());
  CHECK(error_of([] { check_index(4, 5); }).empty());
  CHECK(error_of([] { check_index(5, 5); }) == "image 5 is outside [0, 5)");
  CHECK(error_of([] { check_index(-1, 5); }) == "image -1 is outside [0, 5)");
}
