#include "nn/loss/targets.h"

#include <vector>

#include <doctest/doctest.h>
#include <torch/types.h>

#include "lafs/error.h"

using namespace lafs;
using namespace lafs::nn;

TEST_CASE("class matrix: what is wrong with a target is said with its row") {
  const auto loss = [&](const Targets& targets) { check_targets(torch::zeros({2, 4}), targets, 4, 5); };
  Targets targets;
  targets.label_a = torch::tensor({0, 5});
  CHECK_THROWS_WITH_AS(loss(targets), "row 1 of \"label_a\" is 5, which is none of the 5 identities of the class matrix, 0 to 4", Error);
  targets.label_a = torch::tensor({-1, 1});
  CHECK_THROWS_WITH_AS(loss(targets), "row 0 of \"label_a\" is -1, which is none of the 5 identities of the class matrix, 0 to 4", Error);
  targets.label_a = targets.label_b = torch::tensor({1, 2});
  targets.lambda = torch::tensor({0.5, 1.5});
  CHECK_THROWS_WITH_AS(loss(targets),
                       "row 1 of \"lambda\" is 1.5, outside [0, 1]: the weights of a row's two labels are lambda and 1 - lambda", Error);
  targets.lambda = torch::tensor({0.5f});
  CHECK_THROWS_WITH_AS(loss(targets), "\"lambda\" has 1 rows, the embedding 2", Error);
}

TEST_CASE("compact targets: rows of weights become two labels, or an error that names the row") {
  const Targets targets = compact_targets(torch::tensor({0.25, 0.0, 0.75, 0.0, 1.0, 0.0}).view({2, 3}));
  CHECK(at::equal(targets.label_a, torch::tensor({2, 1})));
  CHECK(targets.label_b[0].item<int64_t>() == 0);
  CHECK(at::allclose(targets.lambda, torch::tensor({0.75f, 1.0f})));
  const auto refused = [](std::vector<double> numbers) { compact_targets(torch::tensor(numbers).view({-1, 3})); };
  CHECK_THROWS_WITH_AS(refused({1, 0, 0, 0.5, 0.4, 0}), "row 1 of \"targets\" adds up to 0.9, not to 1", Error);
  CHECK_THROWS_WITH_AS(refused({1.5, -0.5, 0}), "row 0 of \"targets\" has a negative weight", Error);
  CHECK_THROWS_WITH_AS(refused({0.5, 0.25, 0.25}), "row 0 of \"targets\" has 3 classes with a weight; at most two can be mixed", Error);
}
