#include <cmath>
#include <cstdint>
#include <vector>

#include <doctest/doctest.h>

#include "metrics/retrieval.h"
#include "support/rows_of.h"
#include "support/vectors.h"

// Leave-one-out retrieval: ranks exact, means 1e-12.
TEST_SUITE("vectors_retrieval") {
  namespace {
  using namespace lafs;
  using nlohmann::json;

  TEST_CASE("vectors_retrieval: every query and the means") {
    const json vector = test::read_vectors("retrieval.json");
    const auto identities = vector.at("identities").get<std::vector<int64_t>>();
    const metrics::Rows unit = test::unit_rows_of(vector.at("features"));
    CHECK(test::products_off(unit, vector.at("products_with_next")) <= 1e-12);
    const metrics::Retrieval found = metrics::leave_one_out(unit, identities, 3);
    const auto near = [&](double ours, const char* key) { return std::abs(ours - vector.at(key).get<double>()) <= 1e-12; };
    REQUIRE(found.queries.size() == vector.at("queries").size());
    for (size_t i = 0; i < found.queries.size(); ++i) {
      CAPTURE(i);
      const json& expected = vector.at("queries")[i];
      CHECK(found.queries[i].query == expected.at("query").get<int64_t>());
      CHECK(found.queries[i].mates == expected.at("mates").get<int64_t>());
      CHECK(found.queries[i].first_is_mate == expected.at("first_is_mate").get<bool>());
      CHECK(std::abs(found.queries[i].average_precision - expected.at("average_precision").get<double>()) <= 1e-12);
    }
    CHECK(found.without_mates == vector.at("without_mates").get<int64_t>());
    CHECK(near(found.rank1, "rank1"));
    CHECK(near(found.rank1_error, "rank1_error"));
    CHECK(near(found.mean_average_precision, "mean_average_precision"));
    CHECK(near(found.map_error, "map_error"));
  }
  }  // namespace
}
