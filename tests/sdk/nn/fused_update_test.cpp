#include "nn/fused_update.h"

#include <vector>

#include <doctest/doctest.h>
#include <torch/types.h>

#include "lafs/error.h"

using namespace lafs;

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
  CHECK_THROWS_WITH_AS(moving_average(two, one, 0.9), "2 tensors cannot average 1 tensors", Error);
  CHECK_THROWS_WITH_AS(moving_average(two, other, 0.9), "tensor 1 of an average has 3 elements, not 4", Error);
}
