#include "nn/train/fused_update.h"

#include <cmath>
#include <string>
#include <vector>

#include <ATen/Parallel.h>
#include <doctest/doctest.h>
#include <torch/types.h>

#include "lafs/error.h"
#include "support/vector_units.h"

using namespace lafs;
using namespace lafs::nn;

namespace {

/// Sizes below a vector, of no whole vectors, of several pieces, and none.
std::vector<at::Tensor> ragged_tensors() {
  return {torch::randn({300, 500}), torch::randn({7}), torch::randn({}), torch::randn({0}), torch::randn({4103})};
}

struct AdamWLists {
  std::vector<at::Tensor> p, g, m, v, steps;
  explicit AdamWLists(at::ScalarType type) {
    torch::manual_seed(3);
    for (const at::Tensor& x : ragged_tensors()) {
      p.push_back(x.to(type));
      g.push_back(torch::randn_like(x).to(type));
      m.push_back(torch::zeros_like(p.back()));
      v.push_back(torch::zeros_like(p.back()));
      steps.push_back(torch::zeros({}));
    }
    steps[1].fill_(7);  // a parameter that had gradients before the others
  }
  void step() { adamw_step(p, g, m, v, steps, {0.01, 0.1, 0.9, 0.999, 1e-8}); }
};

}  // namespace

TEST_CASE("lengths: those of the definition, on every vector unit, for any sizes, layouts and types") {
  torch::manual_seed(2);
  std::vector<at::Tensor> tensors = ragged_tensors();
  tensors.push_back(1e15 * torch::randn({3000}));
  std::vector<at::Tensor> mixed = tensors;
  mixed.push_back(torch::randn({5, 4}).t());
  test::on_every_unit([&] {
    for (const std::vector<at::Tensor>& list : {tensors, mixed}) {
      const std::vector<double> lengths = lengths_of(list);
      REQUIRE(lengths.size() == list.size());
      for (size_t i = 0; i < list.size(); ++i) {
        CHECK(lengths[i] == doctest::Approx(list[i].to(at::kDouble).norm().item<double>()).epsilon(2e-6));
      }
    }
  });
  for (const float bad : {NAN, INFINITY}) {
    tensors[4][2100] = bad;
    CHECK_FALSE(std::isfinite(lengths_of(tensors)[4]));
    CHECK(std::isfinite(lengths_of(tensors)[0]));
  }
  CHECK(lengths_of({}).empty());
}

TEST_CASE("scaling: each tensor by its own factor, and a factor of 1 touches nothing") {
  for (const bool straight : {true, false}) {
    std::vector<at::Tensor> tensors = ragged_tensors(), wanted;
    if (!straight) tensors.push_back(torch::randn({5, 4}).t());
    const std::vector<double> factors{0.3, 1, 0.125, 2, 0.7, 0.5};
    for (size_t i = 0; i < tensors.size(); ++i) wanted.push_back(tensors[i] * factors[i]);
    scale_each(tensors, {factors.begin(), factors.begin() + static_cast<std::ptrdiff_t>(tensors.size())});
    for (size_t i = 0; i < tensors.size(); ++i) CHECK(at::equal(tensors[i], wanted[i]));
  }
}

TEST_CASE("adamw: the loop over all tensors follows torch's own update in double, on every vector unit") {
  test::on_every_unit([] {
    AdamWLists ours(at::kFloat), wide(at::kDouble);
    for (int step = 0; step < 3; ++step) {
      ours.step();
      wide.step();
    }
    for (size_t i = 0; i < ours.p.size(); ++i) {
      CHECK(at::allclose(ours.p[i].to(at::kDouble), wide.p[i], 1e-6, 1e-7));
      CHECK(at::allclose(ours.m[i].to(at::kDouble), wide.m[i], 1e-6, 1e-7));
      CHECK(at::allclose(ours.v[i].to(at::kDouble), wide.v[i], 1e-6, 1e-9));
      CHECK(ours.steps[i].item<float>() == (i == 1 ? 10 : 3));
    }
  });
}

TEST_CASE("updates: the number of threads does not enter") {
  const int threads = at::get_num_threads();
  AdamWLists one(at::kFloat), two(at::kFloat);
  at::set_num_threads(1);
  one.step();
  const std::vector<double> lengths = lengths_of(one.p);
  at::set_num_threads(2);
  two.step();
  CHECK(lengths == lengths_of(two.p));
  at::set_num_threads(threads);
  for (size_t i = 0; i < one.p.size(); ++i) CHECK(at::equal(one.p[i], two.p[i]));
}

TEST_CASE("moving average: m a + (1 - m) v of each pair, whatever sizes and types") {
  std::vector<at::Tensor> averages{torch::randn({300, 500}), torch::randn({7}), torch::randn({})}, values, wanted;
  averages.push_back(torch::randn({5, 4}).t());
  for (const at::Tensor& a : averages) {
    values.push_back(torch::randn_like(a));
    wanted.push_back((0.996 * a.to(at::kDouble) + 0.004 * values.back().to(at::kDouble)).to(at::kFloat));
  }
  std::vector<at::Tensor> straight(averages.begin(), averages.begin() + 3), sources(values.begin(), values.begin() + 3);
  std::vector<at::Tensor> copies;
  for (const at::Tensor& a : averages) copies.push_back(a.clone());
  moving_average(straight, sources, 0.996);
  moving_average(copies, values, 0.996);
  for (size_t i = 0; i < 4; ++i) CHECK(at::allclose(copies[i], wanted[i], 2e-7, 1e-8));
  for (size_t i = 0; i < 3; ++i) CHECK(at::allclose(straight[i], wanted[i], 2e-7, 1e-8));
}

TEST_CASE("moving average: lists that do not pair up are named") {
  const std::vector<at::Tensor> two{torch::zeros({2}), torch::zeros({3})}, one{torch::zeros({2})},
      other{torch::zeros({2}), torch::zeros({4})};
  CHECK_THROWS_WITH_AS(moving_average(two, one, 0.9), "1 values for 2 tensors", Error);
  CHECK_THROWS_WITH_AS(moving_average(two, other, 0.9), "value 1 has shape [4], its tensor [3]", Error);
}

TEST_CASE("updates: lists that do not pair up are named before anything changes") {
  const std::vector<at::Tensor> two{torch::ones({2}), torch::ones({3})}, one{torch::ones({2})}, other{torch::ones({2}), torch::ones({4})};
  const std::vector<at::Tensor> steps{torch::zeros({}), torch::zeros({})};
  CHECK_THROWS_WITH_AS(scale_each(two, {2}), "1 factors for 2 tensors", Error);
  CHECK_THROWS_WITH_AS(adamw_step(two, one, two, two, steps, {}), "1 gradients for 2 tensors", Error);
  CHECK_THROWS_WITH_AS(adamw_step(two, two, other, two, steps, {}), "first moment 1 has shape [4], its tensor [3]", Error);
  CHECK_THROWS_WITH_AS(adamw_step(two, two, two, other, steps, {}), "second moment 1 has shape [4], its tensor [3]", Error);
  CHECK_THROWS_WITH_AS(adamw_step(two, two, two, two, one, {}), "1 steps for 2 tensors", Error);
  CHECK(steps[0].item<float>() == 0);
  CHECK(at::equal(two[1], torch::ones({3})));
}
