#include <doctest/doctest.h>

#include <string>

#include "support/roc_vectors.h"
#include "support/vectors.h"

TEST_SUITE("vectors_roc_hand_cases") {
  TEST_CASE("the hand cases come out as written") {
    const nlohmann::json all = lafs::test::read_vectors("roc_hand_cases.json").at("cases");
    REQUIRE_FALSE(all.empty());
    for (const nlohmann::json& vector : all) {
      CAPTURE(vector.at("what").get<std::string>());
      lafs::test::check_roc_vector(vector);
    }
  }
}
