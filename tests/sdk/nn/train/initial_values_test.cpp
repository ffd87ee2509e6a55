#include "nn/train/initial_values.h"

#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include <ATen/Parallel.h>
#include <doctest/doctest.h>
#include <torch/types.h>

#include "lafs/error.h"
#include "lafs/initialised.h"
#include "nn/layers/layers.h"
#include "nn/layers/tree.h"

using namespace lafs;
using namespace lafs::nn;

namespace {

/// One parameter with the rule under test.
class One : public torch::nn::Module, public Initialised {
 public:
  One(std::vector<int64_t> shape, InitRule rule) : rule_(std::move(rule)) {
    rule_.parameter = "weight";
    weight = register_parameter("weight", torch::full(shape, NAN));
  }
  std::vector<InitRule> init_rules() const override { return {rule_}; }
  at::Tensor weight;

 private:
  InitRule rule_;
};

at::Tensor drawn(std::vector<int64_t> shape, InitRule rule, uint64_t seed = 3) {
  const auto module = std::make_shared<One>(std::move(shape), std::move(rule));
  initialise(*module, seed);
  return module->weight.detach();
}

}  // namespace

TEST_CASE("initialise: a uniform rule has its bounds, mean and deviation") {
  const at::Tensor w = drawn({300, 501}, {"", InitRule::Shape::uniform, -0.25, 0.25});
  CHECK(w.min().item<float>() >= -0.25f);
  CHECK(w.max().item<float>() <= 0.25f);
  CHECK(std::abs(w.mean().item<double>()) < 0.002);
  CHECK(std::abs(w.std().item<double>() - 0.5 / std::sqrt(12)) < 0.001);
}

TEST_CASE("initialise: a normal rule has its mean, deviation and fourth moment") {
  const at::Tensor w = drawn({300, 501}, {"", InitRule::Shape::normal, 1, 0.5});
  CHECK(std::abs(w.mean().item<double>() - 1) < 0.006);
  CHECK(std::abs(w.std().item<double>() - 0.5) < 0.004);
  CHECK(std::abs(((w - 1) / 0.5).pow(4).mean().item<double>() - 3) < 0.1);
}

TEST_CASE("initialise: a truncated normal is cut two away from its mean") {
  const at::Tensor w = drawn({200, 500}, {"", InitRule::Shape::truncated_normal, 1, 3});
  CHECK(w.min().item<float>() >= -1);
  CHECK(w.max().item<float>() <= 3);
  CHECK(std::abs(w.mean().item<double>() - 1) < 0.02);
}

TEST_CASE("initialise: unit rows have length one, a constant is constant") {
  const at::Tensor w = drawn({50, 32}, {"", InitRule::Shape::unit_rows});
  CHECK(at::allclose(w.norm(2, 1), torch::ones({50})));
  CHECK(drawn({4}, {"", InitRule::Shape::constant, 0.25}).eq(0.25).all().item<bool>());
}

TEST_CASE("initialise: a value depends on seed, name and row alone") {
  const auto build = [](bool extra_first, int64_t rows) {
    auto root = std::make_shared<torch::nn::Module>();
    if (extra_first) put(*root, "other.layer", std::make_shared<Linear>(7, 3));
    put(*root, "deep.layer", std::make_shared<Linear>(6, rows));
    initialise(*root, 11);
    return find_tensor(*root, "deep.layer.weight").detach();
  };
  const at::Tensor first = build(false, 5);
  CHECK(at::equal(first, build(true, 5)));
  CHECK(at::equal(first, build(false, 9).slice(0, 0, 5)));

  const int threads = at::get_num_threads();
  at::set_num_threads(1);
  const at::Tensor alone = drawn({700, 65}, {"", InitRule::Shape::normal, 0, 1});
  at::set_num_threads(2);
  CHECK(at::equal(alone, drawn({700, 65}, {"", InitRule::Shape::normal, 0, 1})));
  at::set_num_threads(threads);
  CHECK_FALSE(at::equal(alone, drawn({700, 65}, {"", InitRule::Shape::normal, 0, 1}, 4)));
}

TEST_CASE("initialise: a parameter without a rule is an error with its qualified name, a buffer stays") {
  auto root = std::make_shared<torch::nn::Module>();
  auto child = std::make_shared<torch::nn::Module>();
  root->register_module("x", child);
  const at::Tensor buffer = child->register_buffer("steps", torch::full({2}, 5.0));
  initialise(*root, 1);
  CHECK(buffer.eq(5).all().item<bool>());
  child->register_parameter("y", torch::zeros({2}));
  CHECK_THROWS_WITH_AS(initialise(*root, 1), "parameter \"x.y\" has no initialisation rule", Error);
}
