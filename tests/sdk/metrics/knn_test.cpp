#include "metrics/knn.h"

#include <doctest/doctest.h>

#include <cmath>

#include "lafs/error.h"
#include "support/error_of.h"
#include "support/made_rows.h"

using namespace lafs;
using namespace lafs::metrics;

TEST_CASE("knn: votes are summed by class, and equal votes rank the lower class first") {
  const std::vector<Neighbour> neighbours{{0, 0.9}, {3, 0.5}, {1, 0.5}};
  const std::vector<int64_t> labels{2, 1, 0, 3};
  const Vote vote = weighted_vote(neighbours, labels, 5, 0.5);
  CHECK(vote.votes == std::vector<double>{0, std::exp(1.0), std::exp(1.8), std::exp(1.0), 0});
  CHECK(vote.ranking == std::vector<int64_t>{2, 1, 3, 0, 4});
}

TEST_CASE("knn: the place of the truth is that in the ranking, with fewer neighbours too") {
  const Rows queries = test::unit_rows(40, 10, 1), bank = test::unit_rows(200, 10, 2);
  std::vector<int64_t> bank_labels, query_labels;
  for (int64_t i = 0; i < 200; ++i) bank_labels.push_back(i * 7 % 11);
  for (int64_t i = 0; i < 40; ++i) query_labels.push_back(i % 11);
  const NearestRows found = nearest_rows(queries, PlainRows(bank), 30, 2);
  for (const int64_t k : {1, 10, 30, 100}) {
    const auto places = places_of_truth(found, k, bank_labels, query_labels, 11, 0.07);
    for (int64_t q = 0; q < 40; ++q) {
      const Vote vote = weighted_vote(found.of(q).first(static_cast<size_t>(std::min<int64_t>(k, 30))), bank_labels, 11, 0.07);
      CHECK(vote.ranking[static_cast<size_t>(places[static_cast<size_t>(q)])] == query_labels[static_cast<size_t>(q)]);
    }
  }
}

TEST_CASE("knn: a class that does not exist is an error") {
  const NearestRows found{1, {{0, 1.0}}};
  const std::vector<int64_t> good{0}, bad{3};
  CHECK(test::error_of([&] { places_of_truth(found, 1, bad, good, 3, 0.07); }) == "row 0 has the class 3, outside [0, 3)");
  CHECK(test::error_of([&] { places_of_truth(found, 1, good, bad, 3, 0.07); }) == "query 0 has the class 3, outside [0, 3)");
}

TEST_CASE("knn: a very low temperature neither overflows nor loses every vote") {
  const std::vector<int64_t> labels{0, 1, 1, 2};
  const std::vector<Neighbour> near{{0, 0.9}, {1, 0.8999}, {2, 0.8998}, {3, 0.5}}, far{{3, -0.8}, {1, -0.9}, {0, -0.95}};
  const Vote vote = weighted_vote(near, labels, 3, 0.001);
  CHECK(vote.votes[0] == 1);
  CHECK(vote.votes[1] == doctest::Approx(std::exp(-0.1) + std::exp(-0.2)));  // two neighbours outvote one
  CHECK(vote.ranking == std::vector<int64_t>{1, 0, 2});
  CHECK(weighted_vote(far, labels, 3, 0.001).ranking == std::vector<int64_t>{2, 1, 0});
  const std::vector<int64_t> truth{1};
  CHECK(places_of_truth({4, near}, 4, labels, truth, 3, 0.001) == std::vector<int64_t>{0});
}
