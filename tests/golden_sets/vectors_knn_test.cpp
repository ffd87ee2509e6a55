#include <cmath>
#include <cstdint>
#include <vector>

#include <doctest/doctest.h>

#include "metrics/knn.h"
#include "support/rows_of.h"
#include "support/vectors.h"

// Weighted k-NN: neighbours and rankings exact, votes 1e-12 relative.
TEST_SUITE("vectors_knn") {
  namespace {
  using namespace lafs;
  using nlohmann::json;

  TEST_CASE("vectors_knn: neighbours, votes, rankings and shares") {
    const json vector = test::read_vectors("knn.json"), features = test::read_vectors("identification.json").at("random");
    const metrics::Rows bank = test::rows_of(features.at("gallery")), queries = test::rows_of(features.at("probe"));
    const auto k = vector.at("k").get<int64_t>(), classes = vector.at("classes").get<int64_t>();
    const double temperature = vector.at("temperature");
    std::vector<int64_t> labels;
    for (int64_t g = 0; g < bank.rows; ++g) labels.push_back(g % classes);
    const metrics::NearestRows found = metrics::nearest_rows(queries, metrics::PlainRows(bank), k, 2);
    REQUIRE(vector.at("predictions").size() == static_cast<size_t>(queries.rows));
    for (int64_t q = 0; q < queries.rows; ++q) {
      CAPTURE(q);
      const json& expected = vector.at("predictions")[static_cast<size_t>(q)];
      std::vector<int64_t> rows;
      for (const metrics::Neighbour& neighbour : found.of(q)) rows.push_back(neighbour.row);
      CHECK(rows == expected.at("neighbours").get<std::vector<int64_t>>());
      const metrics::Vote vote = metrics::weighted_vote(found.of(q), labels, classes, temperature);
      const auto votes = expected.at("votes").get<std::vector<double>>();
      REQUIRE(vote.votes.size() == votes.size());
      for (size_t c = 0; c < votes.size(); ++c) CHECK(std::abs(vote.votes[c] - votes[c]) <= 1e-12 * votes[c]);
      CHECK(vote.ranking == expected.at("ranking").get<std::vector<int64_t>>());
    }
    const auto truth = vector.at("probe_class").get<std::vector<int64_t>>();
    REQUIRE(truth.size() == static_cast<size_t>(queries.rows));
    const auto places = metrics::places_of_truth(found, k, labels, truth, classes, temperature);
    for (const int64_t top : {1, 5}) {
      int64_t right = 0;
      for (const int64_t place : places) right += place < top;
      const double percent = 100.0 * static_cast<double>(right) / static_cast<double>(places.size());
      CHECK(percent == vector.at("top" + std::to_string(top) + "_percent").get<double>());
    }
  }
  }  // namespace
}
