#include <memory>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <torch/types.h>

#include "lafs/error.h"
#include "lafs/projector.h"
#include "nn/layers/tree.h"
#include "nn/train/initial_values.h"
#include "support/front_door.h"
#include "support/rule_numbers.h"

using namespace lafs;

namespace {

std::shared_ptr<Projector> mlp(const std::string& toml, int64_t width) {
  auto made = test::make<Projector>("mlp", toml, width);
  nn::initialise(*made->module(), 5);
  return made;
}

std::vector<std::string> parameter_names(const std::shared_ptr<Projector>& head) {
  std::vector<std::string> names;
  for (const auto& [name, tensor] : nn::parameters_of(*head->module())) names.push_back(name);
  return names;
}

}  // namespace

TEST_CASE("mlp: parts are numbered as in a sequence of linear, norm and ReLU") {
  using Names = std::vector<std::string>;
  CHECK(parameter_names(mlp("hidden = 8\noutputs = 4", 6)) == Names{"0.weight", "1.weight", "1.bias", "3.weight"});
  CHECK(parameter_names(mlp("hidden = 8\noutputs = 4\nlayers = 3\nlast_norm = \"plain\"", 6)) ==
        Names{"0.weight", "1.weight", "1.bias", "3.weight", "4.weight", "4.bias", "6.weight"});
  CHECK(parameter_names(mlp("hidden = 8\noutputs = 4\nlast_norm = \"affine\"", 6)) ==
        Names{"0.weight", "1.weight", "1.bias", "3.weight", "4.weight", "4.bias"});
  CHECK(parameter_names(mlp("hidden = 8\noutputs = 4\nbatch_norm = false", 6)) == Names{"0.weight", "0.bias", "2.weight"});
  CHECK(parameter_names(mlp("outputs = 4\nlayers = 1", 6)) == Names{"0.weight"});
}

TEST_CASE("mlp: the sizes of the papers, behind a ResNet-50") {
  CHECK(test::parameter_count(*mlp("", 2048)->module()) == 2048 * 4096 + 2 * 4096 + 4096 * 256);  // BYOL
  CHECK(test::parameter_count(*mlp("hidden = 8192\noutputs = 8192\nlayers = 3", 2048)->module()) ==
        2048LL * 8192 + 2LL * 8192 * 8192 + 2LL * 2 * 8192);  // Barlow Twins
}

TEST_CASE("mlp: outputs are those of the layers, one after the other") {
  const auto head = mlp("hidden = 8\noutputs = 4\nlast_norm = \"plain\"", 6);
  const auto of = [&](const char* name) { return nn::find_tensor(*head->module(), name); };
  const at::Tensor x = test::rule_tensor("x", {5, 6}).to(at::kFloat);
  const auto normed = [](const at::Tensor& y) { return (y - y.mean(0)) / (y.var(0, false) + 1e-5).sqrt(); };
  const at::Tensor hidden = at::relu(normed(at::linear(x, of("0.weight"))) * of("1.weight") + of("1.bias"));
  CHECK(at::allclose(head->forward(x, {true, nullptr}), normed(at::linear(hidden, of("3.weight"))), 1e-4, 1e-5));
}

TEST_CASE("mlp: a wrong width is named") {
  const auto head = mlp("hidden = 8\noutputs = 4", 6);
  CHECK_THROWS_WITH_AS(head->forward(torch::zeros({2, 7}), {}), "\"embedding\" has width 7, not 6", Error);
  CHECK_THROWS_WITH_AS(head->forward(torch::zeros({6}), {}), "\"embedding\" has shape [6], not 2 dimensions", Error);
}
