#include "nn/models/transformer.h"

#include <cmath>
#include <memory>

#include <doctest/doctest.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/types.h>

#include "kernel/train/draws.h"
#include "lafs/error.h"
#include "nn/layers/dropout.h"
#include "nn/layers/tree.h"
#include "nn/train/initial_values.h"
#include "support/keyless_draws.h"
#include "support/training.h"

using namespace lafs;
using namespace lafs::nn;

namespace {

std::shared_ptr<Block> block_of(double dropout = 0, double drop_path = 0, bool qkv_bias = false) {
  Block::Options options;
  options.dim = 12;
  options.heads = 3;
  options.dim_head = 8;
  options.mlp_dim = 20;
  options.scale = 0.3;
  options.dropout = dropout;
  options.drop_path = drop_path;
  options.qkv_bias = qkv_bias;
  auto block = std::make_shared<Block>(options);
  initialise(*block, 5);
  return block;
}

}  // namespace

TEST_CASE("block: fused attention equals softmax(scale q k^T) v with heads slowest") {
  const at::NoGradGuard no_grad;
  const auto block = block_of();
  const at::Tensor x = torch::randn({2, 7, 12});
  const at::Tensor normed = at::layer_norm(x, {12}, find_tensor(*block, "0.fn.norm.weight"), find_tensor(*block, "0.fn.norm.bias"), 1e-5);
  const at::Tensor qkv = at::matmul(normed, find_tensor(*block, "0.fn.fn.to_qkv.weight").t());
  const auto heads = [&](int64_t which) { return qkv.slice(2, which * 24, which * 24 + 24).view({2, 7, 3, 8}).transpose(1, 2); };
  const at::Tensor weights = at::softmax(0.3 * at::matmul(heads(0), heads(1).transpose(2, 3)), -1);
  CHECK(at::allclose(block->attention(x), weights, 1e-5, 1e-6));
  const at::Tensor mixed = at::matmul(weights, heads(2)).transpose(1, 2).reshape({2, 7, 24});
  const at::Tensor out =
      at::matmul(mixed, find_tensor(*block, "0.fn.fn.to_out.0.weight").t()) + find_tensor(*block, "0.fn.fn.to_out.0.bias");
  CHECK(at::allclose(block->self_attention(x, {}), x + out, 1e-5, 1e-5));
}

TEST_CASE("block: permuting the tokens permutes the output") {
  const at::NoGradGuard no_grad;
  const auto block = block_of();
  const at::Tensor x = torch::randn({2, 7, 12}), order = torch::randperm(7);
  CHECK(at::allclose(block->forward(x, {}).index_select(1, order), block->forward(x.index_select(1, order), {}), 1e-5, 1e-5));
}

TEST_CASE("block: dropout and drop-path act only in training with draws, and follow the row") {
  const at::NoGradGuard no_grad;
  const auto block = block_of(0.3, 0.5);
  const at::Tensor x = torch::randn({4, 7, 12});
  const at::Tensor plain = block->forward(x, {});
  const auto draws = std::make_shared<test::HandDraws>(std::vector<int64_t>{10, 11, 12, 13});
  CHECK(at::equal(plain, block->forward(x, {true, nullptr})));
  CHECK(at::equal(plain, block->forward(x, {false, draws})));
  const at::Tensor dropped = block->forward(x, {true, draws});
  CHECK_FALSE(at::allclose(plain, dropped));
  CHECK(*draws->asked == std::vector<std::string>{"attention", "attention_path", "hidden", "feed_forward", "feed_forward_path"});
  const auto reversed = std::make_shared<test::HandDraws>(std::vector<int64_t>{13, 12, 11, 10});
  CHECK(at::allclose(block->forward(x.flip(0), {true, reversed}), dropped.flip(0), 1e-5, 1e-5));
}

TEST_CASE("block: the class token alone equals that of the whole block, with gradients and dropout") {
  const auto draws = keyed_draws(3, 0, 0, {10, 11, 12, 13}, at::kCPU);
  const std::vector<Pass> passes{{}, {true, nullptr}, {true, draws}, {true, std::make_shared<test::KeylessDraws>(draws)}};
  for (const bool qkv_bias : {false, true}) {
    const auto block = block_of(0.3, 0.5, qkv_bias);
    const at::Tensor x = torch::randn({4, 7, 12}).requires_grad_(), weights = torch::randn({4, 12});
    std::vector<at::Tensor> inputs{x};
    for (const auto& [name, parameter] : parameters_of(*block)) inputs.push_back(parameter);
    for (const Pass& pass : passes) {
      const at::Tensor whole = block->forward(x, pass).select(1, 0), alone = block->class_token(x, pass);
      REQUIRE(alone.sizes() == at::IntArrayRef{4, 12});
      CHECK(at::allclose(whole, alone, 1e-5, 1e-5));
      const auto expected = torch::autograd::grad({(whole * weights).sum()}, inputs),
                 found = torch::autograd::grad({(alone * weights).sum()}, inputs);
      for (size_t i = 0; i < inputs.size(); ++i) CHECK(at::allclose(expected[i], found[i], 1e-4, 1e-5));
    }
  }
}

TEST_CASE("transformer: the mean patch token is that of all tokens but the first, after the norm of the last block") {
  const at::NoGradGuard no_grad;
  const Block::Options block{.dim = 12, .heads = 2, .dim_head = 6, .mlp_dim = 24};
  const auto transformer = std::make_shared<Transformer>(std::vector<Block::Options>{block, block, block});
  const auto norm = std::make_shared<LayerNorm>(12);
  initialise(*transformer, 5);
  initialise(*norm, 6);
  const at::Tensor x = torch::randn({4, 7, 12});
  const at::Tensor tokens = transformer->class_tokens(x, *norm, 2, /*mean_patch=*/true);
  REQUIRE(tokens.sizes() == at::IntArrayRef{4, 3, 12});
  const at::Tensor all = norm->forward(transformer->forward(x, {}));
  CHECK(at::allclose(tokens.select(1, 1), all.select(1, 0), 1e-5, 1e-5));
  CHECK(at::allclose(tokens.select(1, 2), all.slice(1, 1).mean(1), 1e-5, 1e-5));
}

TEST_CASE("transformer: without a block there is none") { CHECK_THROWS_WITH_AS(Transformer({}), "a transformer without a block", Error); }

TEST_CASE("transformer: its class token is that of its last block") {
  const at::NoGradGuard no_grad;
  Block::Options options;
  options.dim = 12;
  options.heads = 3;
  options.dim_head = 8;
  options.mlp_dim = 20;
  options.dropout = 0.2;
  for (const size_t depth : {1, 3}) {
    Transformer transformer(std::vector<Block::Options>(depth, options));
    initialise(transformer, 5);
    const Pass pass{true, keyed_draws(3, 0, 0, {10, 11}, at::kCPU)};
    const at::Tensor x = torch::randn({2, 7, 12});
    CHECK(at::allclose(transformer.forward(x, pass).select(1, 0), transformer.class_token(x, pass), 1e-5, 1e-5));
  }
}

TEST_CASE("drop: keeps the mean, scales by 1/keep, and drop-path takes whole rows") {
  const at::Tensor x = torch::ones({64, 30, 10});
  std::vector<int64_t> rows(64);
  for (size_t i = 0; i < rows.size(); ++i) rows[i] = static_cast<int64_t>(i);
  const Pass pass{true, std::make_shared<test::HandDraws>(rows)};
  const at::Tensor elements = drop(x, 0.2, pass, "a", {30, 10}), branches = drop(x, 0.25, pass, "b", {1, 1});
  CHECK(std::abs(elements.mean().item<double>() - 1) < 0.02);
  CHECK(at::logical_or(elements.eq(0), (elements - 1.25).abs().lt(1e-6)).all().item<bool>());
  const at::Tensor share = branches.eq(0).to(at::kFloat).mean(at::IntArrayRef{1, 2});
  CHECK(at::logical_or(share.eq(0), share.eq(1)).all().item<bool>());
}
