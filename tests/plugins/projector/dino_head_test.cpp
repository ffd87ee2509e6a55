#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <torch/types.h>

#include "kernel/model/autocast.h"
#include "lafs/backbone.h"
#include "lafs/error.h"
#include "lafs/projector.h"
#include "nn/layers/tree.h"
#include "nn/train/initial_values.h"
#include "support/front_door.h"
#include "support/rule_numbers.h"

using namespace lafs;

namespace {

constexpr const char* small_head = "hidden = 16\nbottleneck = 8\noutputs = 20\n";

std::shared_ptr<Projector> dino_head(const std::string& toml, int64_t width) {
  auto made = test::make<Projector>("dino_head", toml, width);
  nn::initialise(*made->module(), 5);
  return made;
}

std::vector<std::string> names_of(const std::shared_ptr<Projector>& head) {
  std::vector<std::string> names;
  for (const auto& [name, tensor] : nn::state_of(*head->module())) names.push_back(name);
  return names;
}

/// The last layer by autograd, from the same tensors.
at::Tensor naive_logits(const at::Tensor& unit, const at::Tensor& g, const at::Tensor& v) {
  return at::linear(unit, g * v / v.norm(2, {1}, true));
}

}  // namespace

TEST_CASE("dino_head: the default has the reference's keys and parameters") {
  const auto head = test::make<Projector>("dino_head", "", 768);
  CHECK(test::key_list_hash(*head->module()) == 0xdae353c8u);
  CHECK(test::parameter_count(*head->module()) == 23138560);
  CHECK(head->outputs() == 65536);
  const auto lafs_head = test::make<Projector>("dino_head", "outputs = 100000", 768);
  CHECK(test::parameter_count(*lafs_head->module()) == 31995808);
}

TEST_CASE("dino_head: layers and batch norm have the reference's names") {
  CHECK(names_of(dino_head(std::string(small_head) + "layers = 1", 12)) ==
        std::vector<std::string>{"mlp.weight", "mlp.bias", "last_layer.weight_g", "last_layer.weight_v"});
  CHECK(names_of(dino_head(std::string(small_head) + "layers = 2", 12)) ==
        std::vector<std::string>{"mlp.0.weight", "mlp.0.bias", "mlp.2.weight", "mlp.2.bias", "last_layer.weight_g", "last_layer.weight_v"});
  const auto normed = dino_head(std::string(small_head) + "batch_norm = true", 12);
  std::vector<std::string> wanted;
  for (const char* layer : {"mlp.0", "mlp.1", "mlp.3", "mlp.4", "mlp.6"}) {
    const std::string name = layer;
    wanted.push_back(name + ".weight");
    wanted.push_back(name + ".bias");
    if (name != "mlp.1" && name != "mlp.4") continue;
    for (const char* more : {".running_mean", ".running_var", ".num_batches_tracked"}) wanted.push_back(name + more);
  }
  wanted.insert(wanted.end(), {"last_layer.weight_g", "last_layer.weight_v"});
  CHECK(names_of(normed) == wanted);
}

TEST_CASE("dino_head: the reference's logits of weights by rule, on the fViT's embedding") {
  const at::NoGradGuard no_grad;
  const auto fvit = test::make<Backbone>("fvit", "", InputContract());
  const auto head = test::make<Projector>("dino_head", "outputs = 1000", 768);
  test::fill_by_rule(*fvit->module());
  test::fill_by_rule(*head->module());
  const at::Tensor embedding = fvit->forward(test::rule_tensor("input", {2, 3, 112, 112}).to(at::kFloat), {});
  test::check_row(head->forward(embedding, {})[0],
                  {{-0.00888, -0.02796, 0.00944, 0.00165, 0.07477, 0.02379, -0.02113, -0.01418}, 2.23895, 1.92481}, 1e-5);
}

TEST_CASE("dino_head: starts with prototypes of length 1, which a frozen gain keeps") {
  const auto head = dino_head("outputs = 4096", 64);
  const auto of = [&](const char* name) { return nn::find_tensor(*head->module(), name); };
  CHECK(of("last_layer.weight_g").eq(1).all().item<bool>());
  CHECK_FALSE(of("last_layer.weight_g").requires_grad());
  CHECK(of("last_layer.weight_v").requires_grad());
  CHECK(of("last_layer.weight_v").abs().max().item<double>() <= 0.0625);
  CHECK(of("last_layer.weight_v").std().item<double>() == doctest::Approx(0.0625 / std::sqrt(3.0)).epsilon(0.01));
  CHECK(of("mlp.2.weight").std().item<double>() == doctest::Approx(0.02).epsilon(0.01));
  CHECK(of("mlp.4.bias").eq(0).all().item<bool>());
  const auto free = dino_head("outputs = 8\nnorm_last_layer = false", 64);
  CHECK(nn::find_tensor(*free->module(), "last_layer.weight_g").requires_grad());
}

TEST_CASE("dino_head: logits and gradients are those of a plain weight norm") {
  const auto head = dino_head(std::string(small_head) + "layers = 1\nnorm_last_layer = false", 12);
  const auto of = [&](const char* name) { return nn::find_tensor(*head->module(), name); };
  {
    const at::NoGradGuard no_grad;
    of("last_layer.weight_g").copy_(test::rule_tensor("gain", {20, 1}) + 1.5);
  }
  const at::Tensor x = test::rule_tensor("x", {6, 12}).to(at::kFloat).requires_grad_(), pull = test::rule_tensor("pull", {6, 20});
  const at::Tensor logits = head->forward(x, {});
  (logits * pull).sum().backward();
  std::vector<at::Tensor> leaves;
  for (const char* name : {"mlp.weight", "mlp.bias", "last_layer.weight_g", "last_layer.weight_v"}) {
    leaves.push_back(of(name).detach().to(at::kDouble).requires_grad_());
  }
  const at::Tensor wide = x.detach().to(at::kDouble).requires_grad_(), hidden = at::linear(wide, leaves[0], leaves[1]);
  const at::Tensor wanted = naive_logits(hidden / hidden.norm(2, {1}, true), leaves[2], leaves[3]);
  (wanted * pull).sum().backward();
  CHECK(at::allclose(logits.to(at::kDouble), wanted, 1e-5, 1e-6));
  CHECK(at::allclose(x.grad().to(at::kDouble), wide.grad(), 1e-4, 1e-5));
  CHECK(at::allclose(of("mlp.weight").grad().to(at::kDouble), leaves[0].grad(), 1e-4, 1e-5));
  CHECK(at::allclose(of("last_layer.weight_g").grad().to(at::kDouble), leaves[2].grad(), 1e-4, 1e-6));
  CHECK(at::allclose(of("last_layer.weight_v").grad().to(at::kDouble), leaves[3].grad(), 1e-4, 1e-5));
}

TEST_CASE("dino_head: under autocast the product is rounded, the prototypes' gradient stays fp32") {
  const auto head = dino_head(small_head, 12);
  const at::Tensor x = test::rule_tensor("x", {6, 12}).to(at::kFloat);
  const at::Tensor full = head->forward(x, {}).detach();
  {
    const Autocast half("bf16", at::kCPU);
    const at::Tensor logits = head->forward(x, {});
    CHECK((logits.scalar_type() == at::kBFloat16));
    CHECK(at::allclose(logits.detach().to(at::kFloat), full, 0.05, 0.02));
    logits.to(at::kFloat).square().sum().backward();
  }
  const at::Tensor gradient = nn::find_tensor(*head->module(), "last_layer.weight_v").grad();
  REQUIRE(gradient.defined());
  CHECK((gradient.scalar_type() == at::kFloat));
}

TEST_CASE("dino_head: a wrong width is named") {
  const auto head = dino_head(small_head, 12);
  CHECK_THROWS_WITH_AS(head->forward(torch::zeros({2, 13}), {}), "\"embedding\" has width 13, not 12", Error);
  CHECK_THROWS_WITH_AS(head->forward(torch::zeros({12}), {}), "\"embedding\" has shape [12], not 2 dimensions", Error);
}
