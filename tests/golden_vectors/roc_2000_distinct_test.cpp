#include <doctest/doctest.h>

#include "support/roc_vectors.h"
#include "support/vectors.h"

TEST_SUITE("vectors_roc_2000_distinct") {
  TEST_CASE("the recorded scores give the recorded curve") {
    lafs::test::check_roc_vector(lafs::test::read_vectors("roc_2000_distinct.json"));
  }
}
