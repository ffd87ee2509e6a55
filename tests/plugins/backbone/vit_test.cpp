#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <torch/types.h>

#include "lafs/error.h"
#include "nn/layers/tree.h"
#include "nn/train/initial_values.h"
#include "support/front_door.h"
#include "support/rule_numbers.h"
#include "support/training.h"

using namespace lafs;

namespace {

std::shared_ptr<Backbone> vit(const std::string& toml) { return test::make<Backbone>("vit", toml, InputContract()); }

std::shared_ptr<Backbone> little_vit(const std::string& more = "") {
  auto model = vit("size = \"custom\"\ndim = 24\ndepth = 3\nheads = 2\npatch = 8\nimg_size = 48\n" + more);
  nn::initialise(*model->module(), 9);
  return model;
}

}  // namespace

TEST_CASE("vit: every size has the reference's keys and parameters") {
  struct Row {
    const char* size;
    int64_t patch;
    uint32_t keys;
    int64_t at_224, at_112;
  };
  const std::vector<Row> rows{{"tiny", 16, 0x98e2640eu, 5524416, 5496192},    {"tiny", 8, 0x6ee7017fu, 5526720, 5413824},
                              {"small", 16, 0x74192706u, 21665664, 21609216}, {"small", 8, 0x573e3a6fu, 21670272, 21444480},
                              {"base", 16, 0x7947795au, 85798656, 85685760},  {"base", 8, 0x10a2a177u, 85807872, 85356288}};
  for (const Row& row : rows) {
    CAPTURE(row.size);
    CAPTURE(row.patch);
    const std::string options = fmt::format("size = \"{}\"\npatch = {}\n", row.size, row.patch);
    const auto model = vit(options);
    CHECK(nn::state_of(*model->module()).size() == 150);
    CHECK(test::key_list_hash(*model->module()) == row.keys);
    CHECK(test::parameter_count(*model->module()) == row.at_224);
    CHECK(test::parameter_count(*vit(options + "img_size = 112")->module()) == row.at_112);
    CHECK(test::parameter_count(*vit(options + "img_size = 0")->module()) == row.at_112);
  }
}

TEST_CASE("vit: the reference's embeddings of weights by rule, at the table's size and at others") {
  const at::NoGradGuard no_grad;
  const auto tiny = vit("size = \"tiny\"");
  test::fill_by_rule(*tiny->module());
  test::check_row(tiny->forward(test::rule_tensor("input224", {1, 3, 224, 224}).to(at::kFloat), {})[0],
                  {{-0.85822, 0.94578, -0.60170, 1.55720, -0.59107, -1.15729, 2.62316, -0.71039}, -0.30778, 13.85332}, 1e-4);
  test::check_row(tiny->forward(test::rule_tensor("input96", {1, 3, 96, 96}).to(at::kFloat), {})[0],
                  {{-0.39457, 0.60123, 0.15822, 1.21564, -0.66264, -0.35377, 2.67493, -0.84412}, -0.14513, 13.89863}, 1e-4);
  const auto small = vit("size = \"small\"\npatch = 8");
  test::fill_by_rule(*small->module());
  test::check_row(small->forward(test::rule_tensor("input", {2, 3, 112, 112}).to(at::kFloat).slice(0, 0, 1), {})[0],
                  {{0.84327, -0.24171, -1.79049, -0.13992, -1.78779, 0.35034, 0.14204, -0.37535}, -0.49655, 19.75972}, 1e-4);
}

TEST_CASE("vit: positions are interpolated at other sizes only") {
  const at::NoGradGuard no_grad;
  const auto model = little_vit(), plain = little_vit("position_offset = 0.0");
  const auto at_size = [](const std::shared_ptr<Backbone>& of, int64_t h, int64_t w) {
    return of->forward(test::rule_tensor("pictures", {2, 3, h, w}).to(at::kFloat), {});
  };
  CHECK(at::equal(at_size(model, 48, 48), at_size(plain, 48, 48)));
  CHECK_FALSE(at::allclose(at_size(model, 32, 32), at_size(plain, 32, 32)));
  CHECK_FALSE(at::allclose(at_size(model, 32, 72), at_size(plain, 32, 72)));  // as many patches as the table, in another shape
  CHECK(at_size(model, 51, 90).sizes().vec() == std::vector<int64_t>{2, 24});
}

TEST_CASE("vit: interpolated positions have a gradient") {
  const auto model = little_vit();
  model->forward(test::rule_tensor("pictures", {1, 3, 24, 24}).to(at::kFloat), {}).square().sum().backward();
  const at::Tensor gradient = nn::find_tensor(*model->module(), "pos_embed").grad();
  REQUIRE(gradient.defined());
  CHECK(gradient.abs().sum(-1).gt(0).all().item<bool>());
}

TEST_CASE("vit: drop-path grows from 0 in the first block, and nothing else draws") {
  const at::NoGradGuard no_grad;
  const auto model = little_vit();
  const auto draws = std::make_shared<test::HandDraws>(std::vector<int64_t>{4, 5});
  model->forward(torch::zeros({2, 3, 48, 48}), {true, draws});
  CHECK(*draws->asked ==
        std::vector<std::string>{"block1/attention_path", "block1/feed_forward_path", "block2/attention_path", "block2/feed_forward_path"});
}

TEST_CASE("vit: attention is a softmax, class tokens end in the embedding") {
  const at::NoGradGuard no_grad;
  const auto model = little_vit();
  auto& attentive = dynamic_cast<Attentive&>(*model);
  CHECK_FALSE(dynamic_cast<Tokenised*>(model.get()));
  const at::Tensor images = test::rule_tensor("pictures", {2, 3, 32, 48}).to(at::kFloat);
  const auto attention = attentive.attention(images);
  REQUIRE(attention.size() == 3);
  CHECK(attention[2].sizes().vec() == std::vector<int64_t>{2, 2, 25, 25});
  CHECK(at::allclose(attention[2].sum(-1), torch::ones({2, 2, 25})));
  const at::Tensor tokens = attentive.class_tokens(images, 2);
  CHECK(tokens.sizes().vec() == std::vector<int64_t>{2, 2, 24});
  CHECK(at::allclose(tokens.select(1, 1), model->forward(images, {}), 1e-5, 1e-6));
  const at::Tensor with_mean = attentive.class_tokens(images, 2, /*mean_patch=*/true);
  CHECK(with_mean.sizes().vec() == std::vector<int64_t>{2, 3, 24});
  CHECK(at::equal(with_mean.slice(1, 0, 2), tokens));
  CHECK_THROWS_WITH_AS(attentive.class_tokens(images, 4), "\"last_blocks\" is 4; the model has 3 blocks", Error);
}

TEST_CASE("vit: linear layers, tokens and positions start with deviation 0.02, the convolution as usual") {
  const auto model = vit("size = \"tiny\"");
  nn::initialise(*model->module(), 3);
  const auto of = [&](const char* name) { return nn::find_tensor(*model->module(), name); };
  for (const char* name : {"pos_embed", "blocks.3.attn.qkv.weight", "blocks.0.mlp.fc2.weight", "cls_token"}) {
    CAPTURE(name);
    CHECK(of(name).std().item<double>() == doctest::Approx(0.02).epsilon(0.15));
  }
  CHECK(of("blocks.3.attn.qkv.bias").count_nonzero().item<int64_t>() == 0);
  const double bound = 1 / std::sqrt(768.0);
  CHECK(of("patch_embed.proj.weight").abs().max().item<double>() <= bound);
  CHECK(of("patch_embed.proj.weight").std().item<double>() == doctest::Approx(bound / std::sqrt(3.0)).epsilon(0.05));
}

TEST_CASE("vit: wrong pictures and options are named") {
  const auto model = little_vit();
  CHECK_THROWS_WITH_AS(model->forward(torch::zeros({3, 48, 48}), {}), "\"images\" has shape [3, 48, 48], not 4 dimensions", Error);
  CHECK_THROWS_WITH_AS(model->forward(torch::zeros({1, 1, 48, 48}), {}), "\"images\" has 1 channels, not 3", Error);
  CHECK_THROWS_WITH_AS(model->forward(torch::zeros({1, 3, 7, 48}), {}), "\"images\" has 7 x 48 pixels, less than a patch of 8", Error);
  const auto message = [](const std::string& toml) {
    try {
      vit(toml);
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  CHECK(message("size = \"custom\"\ndim = 24").ends_with("size = \"custom\" needs dim, depth and heads"));
  CHECK(message("dim = 24").ends_with("dim, depth and heads are for size = \"custom\", not \"small\""));
  CHECK(message("size = \"custom\"\ndim = 24\ndepth = 1\nheads = 5").ends_with("heads = 5 does not divide dim = 24"));
  CHECK(message("img_size = -1").ends_with("img_size = -1 is negative"));
  CHECK(message("img_size = 8").ends_with("patch = 16 is larger than the picture of 8 pixels"));
  InputContract wide;
  wide.width = 96;
  CHECK_THROWS_AS(test::make<Backbone>("vit", "img_size = 0", wide), Error);
}
