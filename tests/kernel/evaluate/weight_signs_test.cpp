#include "kernel/evaluate/weight_signs.h"

#include <ATen/ATen.h>
#include <doctest/doctest.h>
#include <torch/nn/module.h>

#include <memory>
#include <string>
#include <vector>

#include "kernel/evaluate/layer_exchange.h"

namespace lafs::test {
namespace {

/// A scale, then a matrix: what a block is made of.
struct Block : torch::nn::Module {
  explicit Block(int64_t width) {
    scale = register_parameter("scale", at::ones({width}));
    weight = register_parameter("weight", at::randn({width, width}) * 0.02);
  }
  at::Tensor scale, weight;
};

struct Net : torch::nn::Module {
  explicit Net(int64_t blocks = 4, int64_t width = 64) {
    at::manual_seed(3);
    for (int64_t i = 0; i < blocks; ++i) all.push_back(register_module("blocks_" + std::to_string(i), std::make_shared<Block>(width)));
  }
  std::vector<std::shared_ptr<Block>> all;
};

/// What a training leaves: directions that stand out, and scales that moved.
void train(Block& block) {
  const at::NoGradGuard no_grad;
  const int64_t width = block.weight.size(0);
  block.weight.add_(at::outer(at::randn({width}), at::randn({width})) * 0.02);
  block.scale.add_(at::randn({width}) * 0.01);
}

TEST_CASE("weight signs: what was drawn looks untrained, by whatever distribution") {
  Net net;
  CHECK(weight_signs(net).untrained());
  CHECK(weight_signs(net).initial.size() == 4);
  const at::NoGradGuard no_grad;
  for (const auto& block : net.all) block->weight.uniform_(-1, 1);
  CHECK(weight_signs(net).untrained());
  for (const auto& block : net.all) block->weight.zero_();
  const WeightSigns zero = weight_signs(net);
  CHECK(zero.untrained());
  CHECK(zero.constant.size() == 4);
}

TEST_CASE("weight signs: biases that were drawn do not hide that nothing was trained") {
  Net net;
  const at::NoGradGuard no_grad;
  for (const auto& block : net.all) block->scale.uniform_(-0.1, 0.1);
  CHECK(weight_signs(net).initial.empty());
  CHECK(weight_signs(net).untrained());
}

TEST_CASE("weight signs: a short training moves every scale and bias before it shows in a spectrum") {
  Net net;
  const at::NoGradGuard no_grad;
  for (const auto& block : net.all) block->scale.add_(at::randn(block->scale.sizes()) * 0.01);
  CHECK(weight_signs(net).random_like.size() == 4);
  CHECK_FALSE(weight_signs(net).untrained());
}

TEST_CASE("weight signs: what was trained does not, and a part that was not is named") {
  Net net;
  for (const auto& block : net.all) train(*block);
  const WeightSigns trained = weight_signs(net);
  CHECK(trained.matrices == 4);
  CHECK(trained.random_like.empty());
  CHECK_FALSE(trained.untrained());
  CHECK(trained.untrained_parts().empty());
}

struct Numbered : torch::nn::Module {
  Numbered() {
    at::manual_seed(5);
    auto list = std::make_shared<torch::nn::Module>();
    for (int64_t i = 0; i < 4; ++i) all.push_back(list->register_module(std::to_string(i), std::make_shared<Block>(48)));
    register_module("blocks", list);
  }
  std::vector<std::shared_ptr<Block>> all;
};

TEST_CASE("weight signs: parts that were not loaded") {
  Numbered net;
  for (const size_t i : {0u, 1u, 3u}) train(*net.all[i]);
  CHECK(weight_signs(net).untrained_parts() == std::vector<std::string>{"blocks.2"});
}

TEST_CASE("layer exchange: finds the two layers that have each other's weights, and leaves the network as it was") {
  Numbered net;
  for (const auto& block : net.all) train(*block);
  std::vector<at::Tensor> right;
  for (const auto& block : net.all) right.push_back(block->weight.clone());
  exchange_layers(net, "blocks.1", "blocks.2");
  // Pairs lie further apart the more weights are in their place.
  std::vector<uint8_t> same;
  for (int i = 0; i < 400; ++i) same.push_back(i % 2 == 0 ? 1 : 0);
  const auto scorer = [&] {
    double distance = 2;
    for (size_t i = 0; i < net.all.size(); ++i) distance -= at::equal(net.all[i]->weight, right[i]) ? 0 : 0.8;
    at::manual_seed(9);
    const at::Tensor noise = at::randn({400}, at::kDouble);
    std::vector<double> scores;
    for (int64_t i = 0; i < 400; ++i) scores.push_back((i % 2 == 0 ? distance : 0) + noise[i].item<double>());
    return scores;
  };
  const ExchangeSearch search = search_exchanges(net, same, scorer);
  CHECK(search.candidates == 6);
  CHECK(search.tried == 6);
  REQUIRE(search.found);
  CHECK(search.found->first == "blocks.1");
  CHECK(search.found->second == "blocks.2");
  CHECK(at::equal(net.all[1]->weight, right[2]));
  exchange_layers(net, "blocks.1", "blocks.2");
  CHECK_FALSE(search_exchanges(net, same, scorer).found);
}

}  // namespace
}  // namespace lafs::test
