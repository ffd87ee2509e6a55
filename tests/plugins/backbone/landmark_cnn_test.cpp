#include <memory>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <torch/types.h>

#include "lafs/backbone.h"
#include "nn/layers/tree.h"
#include "nn/train/initial_values.h"
#include "support/front_door.h"
#include "support/rule_numbers.h"

using namespace lafs;

TEST_CASE("landmark_cnn: is the landmark part of part_fvit, with the same names and the same landmarks") {
  const at::NoGradGuard no_grad;
  const auto whole = test::make<Backbone>("part_fvit", "dim = 24\ndepth = 1\nheads = 2\ndim_head = 8\nmlp_dim = 32", InputContract());
  const auto alone = test::make<Backbone>("landmark_cnn", "", InputContract());
  test::fill_by_rule(*whole->module());
  std::vector<std::string> names, expected;
  for (const auto& [name, tensor] : nn::state_of(*alone->module())) {
    names.push_back(name);
    tensor.copy_(nn::find_tensor(*whole->module(), name));
  }
  for (const auto& [name, tensor] : nn::state_of(*whole->module())) {
    if (name.starts_with("stn.") || name.starts_with("output_layer.")) expected.push_back(name);
  }
  CHECK(names == expected);
  CHECK(names.size() == 294);
  const at::Tensor images = test::rule_tensor("input", {2, 3, 112, 112}).to(at::kFloat);
  CHECK(at::equal(dynamic_cast<Landmarked&>(*alone).landmarks(images, {}), dynamic_cast<Landmarked&>(*whole).landmarks(images, {})));
}

TEST_CASE("landmark_cnn: its embedding is the trunk's mean over places") {
  const at::NoGradGuard no_grad;
  const auto model = test::make<Backbone>("landmark_cnn", "landmarks = 30", InputContract());
  test::fill_by_rule(*model->module());
  CHECK(model->embed_dim() == 160);
  CHECK(dynamic_cast<Landmarked&>(*model).landmark_count() == 30);
  const at::Tensor features = model->forward(test::rule_tensor("input", {2, 3, 112, 112}).to(at::kFloat), {});
  CHECK(features.sizes().vec() == std::vector<int64_t>{2, 160});
  // The golden sum of the trunk's output is over 16 places.
  CHECK(features[0].sum().item<double>() * 16 == doctest::Approx(22.77095).epsilon(1e-4));
}
