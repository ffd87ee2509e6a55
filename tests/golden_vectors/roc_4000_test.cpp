#include <doctest/doctest.h>

#include "support/roc_vectors.h"
#include "support/vectors.h"

TEST_SUITE("vectors_roc_4000") {
  TEST_CASE("the recorded scores give the recorded curve") { lafs::test::check_roc_vector(lafs::test::read_vectors("roc_4000.json")); }
}
