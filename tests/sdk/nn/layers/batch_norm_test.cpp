#include "nn/layers/batch_norm.h"

#include <cmath>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <torch/types.h>

#include "lafs/error.h"
#include "nn/layers/tree.h"
#include "nn/train/initial_values.h"

using namespace lafs;
using namespace lafs::nn;

TEST_CASE("BatchNorm: its five tensors come in the reference's order and start as 1, 0, 0, 1, 0") {
  BatchNorm norm(2);
  initialise(norm, 1);
  std::vector<std::string> names;
  for (const auto& [name, tensor] : state_of(norm)) names.push_back(name);
  CHECK(names == std::vector<std::string>{"weight", "bias", "running_mean", "running_var", "num_batches_tracked"});
  CHECK(at::equal(norm.weight, at::ones({2})));
  CHECK(at::equal(norm.bias, at::zeros({2})));
  CHECK(at::equal(norm.running_mean, at::zeros({2})));
  CHECK(at::equal(norm.running_var, at::ones({2})));
  CHECK((norm.num_batches_tracked.scalar_type() == at::kLong));
  CHECK(norm.num_batches_tracked.item<int64_t>() == 0);
}

TEST_CASE("BatchNorm: training takes the batch's statistics and remembers the unbiased variance") {
  const at::NoGradGuard no_grad;
  for (const bool image : {false, true}) {
    BatchNorm norm(1, 0);
    initialise(norm, 1);
    const at::Tensor x = at::tensor({1.0f, 2.0f, 3.0f, 6.0f}).view(image ? at::IntArrayRef{2, 1, 1, 2} : at::IntArrayRef{4, 1});
    const at::Tensor y = norm.forward(x, {true, nullptr});  // mean 3, biased variance 3.5, unbiased 14/3
    CHECK(at::allclose(y, (x - 3) / std::sqrt(3.5), 0, 1e-6));
    CHECK(norm.running_mean.item<float>() == doctest::Approx(0.3));
    CHECK(norm.running_var.item<float>() == doctest::Approx(0.9 + 0.1 * 14 / 3));
    CHECK(norm.num_batches_tracked.item<int64_t>() == 1);
  }
}

TEST_CASE("BatchNorm: other passes take the running statistics and leave them, whatever the mode of the tree") {
  const at::NoGradGuard no_grad;
  BatchNorm norm(1, 0);
  initialise(norm, 1);
  norm.running_mean.fill_(2);
  norm.running_var.fill_(4);
  norm.train();
  CHECK(at::allclose(norm.forward(at::tensor({4.0f, 8.0f}).view({2, 1}), {}), at::tensor({1.0f, 3.0f}).view({2, 1})));
  CHECK(norm.running_mean.item<float>() == 2);
  CHECK(norm.num_batches_tracked.item<int64_t>() == 0);
}

TEST_CASE("BatchNorm: a wrong width and a batch without a variance are reported") {
  BatchNorm norm(2);
  CHECK_THROWS_WITH_AS(norm.forward(at::zeros({4, 3}), {}), "\"x\" has 3 channels, the normalisation 2", Error);
  CHECK_THROWS_WITH_AS(norm.forward(at::zeros({1, 2}), {true, nullptr}), "a batch of one value a channel has no variance to train with",
                       Error);
  CHECK(norm.num_batches_tracked.item<int64_t>() == 0);
}

TEST_CASE("Prelu: a slope for each channel below zero, a quarter at first") {
  Prelu prelu(2);
  initialise(prelu, 1);
  CHECK(at::equal(prelu.weight, at::full({2}, 0.25f)));
  const at::NoGradGuard no_grad;
  prelu.weight[1] = 2;
  CHECK(at::equal(prelu.forward(at::tensor({-4.0f, -1.0f, 3.0f, 5.0f}).view({2, 2})), at::tensor({-1.0f, -2.0f, 3.0f, 5.0f}).view({2, 2})));
}
