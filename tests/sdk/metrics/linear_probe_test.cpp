#include "metrics/linear_probe.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "lafs/error.h"
#include "support/error_of.h"
#include "support/made_rows.h"

using namespace lafs;
using namespace lafs::metrics;

TEST_CASE("linear probe: a step is a function of its arguments, not of the number of threads") {
  const Rows rows = test::unit_rows(90, 33, 1);
  std::vector<int64_t> labels;
  for (int64_t r = 0; r < 90; ++r) labels.push_back(r % 21);
  LinearProbe one(21, 33, 4), five(21, 33, 4);
  for (int64_t epoch = 0; epoch < 3; ++epoch) {
    const auto order = epoch_order(90, 7, epoch);
    CHECK(one.train(rows, labels, order, 32, 0.5, 0.9, 1) == five.train(rows, labels, order, 32, 0.5, 0.9, 5));
  }
  CHECK(std::equal(one.weights().begin(), one.weights().end(), five.weights().begin()));
}

TEST_CASE("linear probe: the slope of the first step is that of the loss, by differences") {
  const Rows rows = test::unit_rows(5, 3, 2);
  const std::vector<int64_t> labels{0, 1, 3, 2, 1}, order{0, 1, 2, 3, 4};
  const LinearProbe fresh(4, 3, 9);
  const std::vector<double> start(fresh.weights().begin(), fresh.weights().end());
  const auto loss_at = [&](std::vector<double> weights) {
    return LinearProbe(4, 3, std::move(weights)).train(rows, labels, order, 5, 0, 0, 1);
  };
  LinearProbe probe(4, 3, start);
  probe.train(rows, labels, order, 5, 1, 0, 1);
  for (size_t k = 0; k < start.size(); ++k) {
    std::vector<double> up = start, down = start;
    up[k] += 1e-5, down[k] -= 1e-5;
    CHECK(start[k] - probe.weights()[k] == doctest::Approx((loss_at(up) - loss_at(down)) / 2e-5).epsilon(1e-6));
  }
}

TEST_CASE("linear probe: classes that can be separated are learned") {
  const Rows rows = test::unit_rows(12, 16, 5);
  std::vector<int64_t> labels;
  for (int64_t r = 0; r < 12; ++r) labels.push_back(r % 4);
  LinearProbe probe(4, 16, 1);
  for (int64_t epoch = 0; epoch < 200; ++epoch) probe.train(rows, labels, epoch_order(12, 1, epoch), 4, 0.5, 0.9, 2);
  for (const int64_t place : probe.places_of_truth(rows, labels, 2)) CHECK(place == 0);
}

TEST_CASE("linear probe: orders are permutations of their own, and rates fall to zero") {
  auto first = epoch_order(50, 1, 0), second = epoch_order(50, 1, 1);
  CHECK(first != second);
  CHECK(first == epoch_order(50, 1, 0));
  std::sort(first.begin(), first.end());
  for (int64_t i = 0; i < 50; ++i) CHECK(first[static_cast<size_t>(i)] == i);
  CHECK(cosine_rate(2, 0, 10) == 2);
  CHECK(cosine_rate(2, 5, 10) == doctest::Approx(1));
  CHECK(cosine_rate(2, 10, 10) == 0);
}

TEST_CASE("linear probe: what does not fit is an error, and so is a loss that runs away") {
  const Rows rows = test::unit_rows(3, 4, 1);
  const std::vector<int64_t> good{0, 1, 0}, bad{0, 2, 0}, few{0, 1}, order{0, 1, 2};
  LinearProbe probe(2, 4, 1), narrow(2, 3, 1);
  CHECK(test::error_of([&] { probe.train(rows, bad, order, 2, 1, 0, 1); }) == "row 1 has the class 2, outside [0, 2)");
  CHECK(test::error_of([&] { probe.train(rows, few, order, 2, 1, 0, 1); }) == "there are 2 labels for 3 rows");
  CHECK(test::error_of([&] { narrow.train(rows, good, order, 2, 1, 0, 1); }) ==
        "the linear layer takes 3 numbers, and the features have 4");
  CHECK(test::error_of([] { LinearProbe(2, 3, std::vector<double>(5)); }) == "5 weights were given for 2 classes of 3 numbers");
  CHECK(test::error_of([&] {
          const Rows equal{std::vector<double>(12, 1e200), 3, 4};  // of different classes: no weights are right
          for (int i = 0; i < 5; ++i) probe.train(equal, good, order, 2, 1, 0.9, 1);
        }) == "the loss of the linear layer is not finite at the rate 1: give a lower one");
}
