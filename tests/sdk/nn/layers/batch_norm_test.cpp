#include "nn/layers/batch_norm.h"

#include <cmath>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <torch/types.h>

#include "lafs/error.h"
#include "nn/layers/tree.h"
#include "nn/train/initial_values.h"
#include "support/thread_ranks.h"

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

TEST_CASE("BatchNorm: without slope and shift it has no parameter") {
  BatchNorm norm(3, BatchNormOptions{.affine = false});
  initialise(norm, 1);
  std::vector<std::string> names;
  for (const auto& [name, tensor] : state_of(norm)) names.push_back(name);
  CHECK(names == std::vector<std::string>{"running_mean", "running_var", "num_batches_tracked"});
  const at::Tensor y = norm.forward(at::arange(12, at::kFloat).view({4, 3}), {true, nullptr});
  CHECK(at::allclose(y.mean(0), at::zeros({3}), 0, 1e-6));
  CHECK(at::allclose(y.var(0, false), at::ones({3}), 1e-4));
}

TEST_CASE("BatchNorm: over ranks, parts of a batch are normalised as the whole, with its gradient and its running statistics") {
  for (const bool image : {false, true}) {
    const at::Tensor x = at::arange(48, at::kDouble).view(image ? at::IntArrayRef{4, 3, 2, 2} : at::IntArrayRef{16, 3}).sin();
    const at::Tensor pull = (at::arange(48, at::kDouble) * 0.7).cos().view(x.sizes());
    const auto step = [&](const at::Tensor& rows, const at::Tensor& weights, const Pass& pass) {
      BatchNorm norm(3, BatchNormOptions{.over_ranks = true});
      initialise(norm, 1);
      norm.to(at::kDouble);
      const at::Tensor given = rows.clone().requires_grad_(), y = norm.forward(given, pass);
      (y * weights).sum().backward();
      return std::vector<at::Tensor>{y.detach(), given.grad(), norm.running_mean, norm.running_var, norm.weight.grad()};
    };
    const std::vector<at::Tensor> whole = step(x, pull, {true, nullptr});
    std::vector<std::vector<at::Tensor>> parts(2);
    test::on_ranks(2, [&](Collective& ranks) {
      const auto half = [&](const at::Tensor& t) { return t.chunk(2)[static_cast<size_t>(ranks.rank())]; };
      parts[static_cast<size_t>(ranks.rank())] = step(half(x), half(pull), {true, nullptr, &ranks});
    });
    for (const size_t rows : {0, 1}) CHECK(at::allclose(at::cat({parts[0][rows], parts[1][rows]}), whole[rows], 1e-9, 1e-9));
    for (const size_t statistic : {2, 3}) {
      CHECK(at::allclose(parts[0][statistic], whole[statistic], 1e-9, 1e-9));
      CHECK(at::allclose(parts[1][statistic], whole[statistic], 1e-9, 1e-9));
    }
    CHECK(at::allclose(parts[0][4] + parts[1][4], whole[4], 1e-9, 1e-9));
  }
}
