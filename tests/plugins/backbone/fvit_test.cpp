#include <cmath>
#include <memory>
#include <string>

#include <doctest/doctest.h>
#include <torch/types.h>

#include "lafs/error.h"
#include "nn/layers/tokens.h"
#include "nn/layers/tree.h"
#include "nn/train/initial_values.h"
#include "support/front_door.h"
#include "support/rule_numbers.h"
#include "support/training.h"

using namespace lafs;

namespace {

constexpr const char* tiny = "dim = 24\ndepth = 3\nheads = 2\ndim_head = 8\nmlp_dim = 32\n";

std::shared_ptr<Backbone> tiny_model(const std::string& more = "", int64_t size = 48) {
  InputContract input;
  input.height = input.width = size;
  auto model = test::make<Backbone>("fvit", tiny + more, input);
  nn::initialise(*model->module(), 9);
  return model;
}

}  // namespace

TEST_CASE("fvit: the default model has the reference's 138 keys and 64,082,688 parameters") {
  const auto model = test::make<Backbone>("fvit", "", InputContract());
  CHECK(nn::state_of(*model->module()).size() == 138);
  CHECK(test::parameter_count(*model->module()) == 64082688);
  CHECK(test::key_list_hash(*model->module()) == 0x7ca9b097u);
  CHECK(model->embed_dim() == 768);
}

TEST_CASE("fvit: gives [B, embed_dim], the same at every call without draws") {
  const at::NoGradGuard no_grad;
  const auto model = tiny_model();
  const at::Tensor images = torch::randn({3, 3, 48, 48});
  const at::Tensor first = model->forward(images, {});
  CHECK(first.sizes().vec() == std::vector<int64_t>{3, 24});
  CHECK(at::equal(first, model->forward(images, {})));
  CHECK(at::allclose(first.slice(0, 1, 2), model->forward(images.slice(0, 1, 2), {}), 1e-4, 1e-5));
}

TEST_CASE("fvit: chance comes from the draws, once per dropout and branch") {
  const at::NoGradGuard no_grad;
  const auto model = tiny_model();
  const at::Tensor images = torch::randn({2, 3, 48, 48});
  const auto draws = std::make_shared<test::HandDraws>(std::vector<int64_t>{4, 5});
  CHECK_FALSE(at::allclose(model->forward(images, {}), model->forward(images, {true, draws})));
  CHECK(draws->asked->size() == 1 + 3 * 5);
  CHECK(draws->asked->front() == "embedding");
  CHECK(draws->asked->back() == "block2/feed_forward_path");
}

TEST_CASE("fvit: the linear drop-path starts at 0 in the first block") {
  const at::NoGradGuard no_grad;
  const auto model = tiny_model("drop_path_schedule = \"linear\"");
  const auto draws = std::make_shared<test::HandDraws>(std::vector<int64_t>{4});
  model->forward(torch::randn({1, 3, 48, 48}), {true, draws});
  int paths = 0;
  for (const std::string& stream : *draws->asked) paths += stream.ends_with("_path");
  CHECK(paths == 4);
}

TEST_CASE("fvit: named position rows 1..N are the default ones, others are gathered") {
  const at::NoGradGuard no_grad;
  const auto model = tiny_model();
  auto& tokenised = dynamic_cast<Tokenised&>(*model);
  CHECK(tokenised.token_dim() == 192);
  CHECK(tokenised.max_tokens() == 36);
  const at::Tensor tokens = torch::randn({2, 9, 192});
  const at::Tensor rows = torch::arange(1, 10, at::kLong).expand({2, 9});
  CHECK(at::allclose(tokenised.forward_tokens(tokens, {}, {}), tokenised.forward_tokens(tokens, rows, {}), 1e-5, 1e-6));
  CHECK_FALSE(at::allclose(tokenised.forward_tokens(tokens, {}, {}), tokenised.forward_tokens(tokens, rows + 20, {})));
  const at::Tensor order = torch::randperm(9);
  CHECK(at::allclose(tokenised.forward_tokens(tokens, {}, {}),
                     tokenised.forward_tokens(tokens.index_select(1, order), rows.index_select(1, order).contiguous(), {}), 1e-4, 1e-5));
}

TEST_CASE("fvit: attention is a softmax, class tokens end in the embedding") {
  const at::NoGradGuard no_grad;
  const auto model = tiny_model();
  auto& attentive = dynamic_cast<Attentive&>(*model);
  const at::Tensor images = torch::randn({2, 3, 48, 48});
  const auto attention = attentive.attention(images);
  REQUIRE(attention.size() == 3);
  CHECK(attention[0].sizes().vec() == std::vector<int64_t>{2, 2, 37, 37});
  CHECK(at::allclose(attention[2].sum(-1), torch::ones({2, 2, 37})));
  const at::Tensor tokens = attentive.class_tokens(images, 2);
  CHECK(tokens.sizes().vec() == std::vector<int64_t>{2, 2, 24});
  CHECK(at::allclose(tokens.select(1, 1), model->forward(images, {}), 1e-5, 1e-6));
  const at::Tensor with_mean = attentive.class_tokens(images, 2, /*mean_patch=*/true);
  CHECK(with_mean.sizes().vec() == std::vector<int64_t>{2, 3, 24});
  CHECK(at::equal(with_mean.slice(1, 0, 2), tokens));
  CHECK_THROWS_WITH_AS(attentive.class_tokens(images, 4), "\"last_blocks\" is 4; the model has 3 blocks", Error);
}

TEST_CASE("fvit: the initial tokens have the deviation of the quirk's value") {
  const auto spread = [](const std::string& more) {
    return nn::find_tensor(*tiny_model(more)->module(), "pos_embedding").std().item<double>();
  };
  CHECK(std::abs(spread("") - 1) < 0.1);
  CHECK(std::abs(spread("token_init = \"normal_0.02\"") - 0.02) < 0.002);
}

TEST_CASE("fvit: wrong pictures, tokens and options are named") {
  const auto model = tiny_model();
  CHECK_THROWS_WITH_AS(model->forward(torch::zeros({3, 48, 48}), {}), "\"images\" has shape [3, 48, 48], not 4 dimensions", Error);
  CHECK_THROWS_WITH_AS(model->forward(torch::zeros({1, 1, 48, 48}), {}), "\"images\" has 1 channels, not 3", Error);
  CHECK_THROWS_WITH_AS(model->forward(torch::zeros({1, 3, 50, 48}), {}), "\"images\" has 50 x 48 pixels, not a multiple of the patch, 8",
                       Error);
  CHECK_THROWS_WITH_AS(model->forward(torch::zeros({1, 3, 56, 56}), {}), "\"tokens\" has 49 tokens; the position table has rows for 36",
                       Error);
  auto& tokenised = dynamic_cast<Tokenised&>(*model);
  CHECK_THROWS_WITH_AS(tokenised.forward_tokens(torch::zeros({1, 9, 48}), {}, {}), "\"tokens\" has 48 numbers a token, not 192", Error);
  CHECK_THROWS_WITH_AS(tokenised.forward_tokens(torch::zeros({1, 9, 192}), torch::zeros({1, 8}, at::kLong), {}),
                       "\"position_rows\" has shape [1, 8], not [1, 9] as the tokens", Error);
  CHECK_THROWS_AS(tiny_model("num_patches = 15"), Error);
  CHECK_THROWS_AS(tiny_model("", 50), Error);
}
