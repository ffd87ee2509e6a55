#include "nn/layers/layers.h"

#include <doctest/doctest.h>
#include <torch/types.h>

#include "lafs/error.h"
#include "nn/layers/dims.h"
#include "nn/layers/tokens.h"
#include "nn/train/initial_values.h"

using namespace lafs;
using namespace lafs::nn;

TEST_CASE("dims: checks the count and names the argument") {
  const at::Tensor tokens = torch::zeros({2, 3});
  const auto [b, n] = dims<2>(tokens, "tokens");
  CHECK(b == 2);
  CHECK(n == 3);
  CHECK_THROWS_WITH_AS(dims<3>(tokens, "tokens"), "\"tokens\" has shape [2, 3], not 3 dimensions", Error);
  CHECK_THROWS_WITH_AS(dims<3>({}, "tokens"), "\"tokens\" is undefined, not of 3 dimensions", Error);
}

TEST_CASE("linear: is x W^T + b, with and without a bias") {
  const auto layer = std::make_shared<Linear>(3, 2);
  initialise(*layer, 1);
  const at::Tensor x = torch::randn({4, 5, 3});
  CHECK(at::allclose(layer->forward(x), at::matmul(x, layer->weight.t()) + layer->bias));
  const auto bare = std::make_shared<Linear>(3, 2, false);
  initialise(*bare, 1);
  CHECK(at::allclose(bare->forward(x), at::matmul(x, bare->weight.t())));
  CHECK(bare->parameters().size() == 1);
}

TEST_CASE("layer norm: normalises with the biased variance and eps 1e-5") {
  const auto layer = std::make_shared<LayerNorm>(8);
  initialise(*layer, 1);
  const at::Tensor x = torch::randn({3, 8}) * 0.01;
  const at::Tensor mean = x.mean(1, true), variance = x.var(1, false).unsqueeze(1);
  CHECK(at::allclose(layer->forward(x), (x - mean) / (variance + 1e-5).sqrt(), 1e-5, 1e-6));
}

TEST_CASE("conv2d: groups, stride and padding give the shape, the rule the bounds") {
  Conv2d::Options options;
  options.in = options.out = options.groups = 4;
  options.kernel = 3;
  options.stride = 2;
  options.padding = 1;
  options.bias = false;
  const auto layer = std::make_shared<Conv2d>(options);
  initialise(*layer, 1);
  CHECK(layer->weight.sizes().vec() == std::vector<int64_t>{4, 1, 3, 3});
  CHECK(layer->weight.abs().max().item<double>() <= 1.0 / 3);
  CHECK(layer->forward(torch::zeros({2, 4, 9, 9})).sizes().vec() == std::vector<int64_t>{2, 4, 5, 5});
}

TEST_CASE("tokens: the channel runs fastest, then the column, then the row of a patch") {
  const at::Tensor images = torch::arange(2 * 3 * 4 * 6).to(at::kFloat).view({2, 3, 4, 6});
  const at::Tensor tokens = cut_tokens(images, 2);
  REQUIRE(tokens.sizes().vec() == std::vector<int64_t>{2, 6, 12});
  for (int64_t r = 0; r < 2; ++r) {
    for (int64_t s = 0; s < 3; ++s) {
      for (int64_t i = 0; i < 2; ++i) {
        for (int64_t j = 0; j < 2; ++j) {
          for (int64_t c = 0; c < 3; ++c) {
            CHECK(tokens[1][r * 3 + s][(i * 2 + j) * 3 + c].item<float>() == images[1][c][2 * r + i][2 * s + j].item<float>());
          }
        }
      }
    }
  }
  CHECK_THROWS_WITH_AS(cut_tokens(images, 4), "\"images\" has 4 x 6 pixels, not a multiple of the patch, 4", Error);
}
