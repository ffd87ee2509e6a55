#include "nn/models/landmark_cnn.h"

#include <cmath>
#include <memory>
#include <string>

#include <doctest/doctest.h>
#include <torch/types.h>

#include "lafs/error.h"
#include "nn/layers/tree.h"
#include "nn/train/initial_values.h"
#include "support/rule_numbers.h"

using namespace lafs;
using namespace lafs::nn;

namespace {

/// A module that holds a landmark CNN as part_fvit does.
struct LandmarkOwner : torch::nn::Module {
  explicit LandmarkOwner(const LandmarkOptions& options = {}) : cnn(*this, 196, options) {}
  LandmarkCnn cnn;
};

}  // namespace

TEST_CASE("LandmarkTrunk: has the reference's 292 keys, 2,809,816 parameters and output of 160 channels") {
  LandmarkTrunk trunk;
  int64_t count = 0;
  for (const auto& [name, tensor] : parameters_of(trunk)) count += tensor.numel();
  CHECK(state_of(trunk).size() == 292);
  CHECK(parameters_of(trunk).size() == 154);
  CHECK(count == 2809816);
  CHECK(test::key_list_hash(trunk) == 0x2bd2865fu);
  initialise(trunk, 1);
  const at::NoGradGuard no_grad;
  CHECK(trunk.forward(at::zeros({1, 3, 112, 112}), {}).sizes().vec() == std::vector<int64_t>{1, 160, 4, 4});
}

TEST_CASE("LandmarkCnn: weights start as the reference's do") {
  LandmarkOwner owner;
  initialise(owner, 3);
  const auto deviation = [&](const char* name) { return find_tensor(owner, name).std().item<double>(); };
  CHECK(deviation("stn.features.15.conv.7.weight") == doctest::Approx(std::sqrt(2.0 / 160)).epsilon(0.02));
  // A depth-wise convolution's fan out counts all its channels.
  CHECK(deviation("stn.features.15.conv.3.weight") == doctest::Approx(std::sqrt(2.0 / (960 * 25))).epsilon(0.02));
  CHECK(deviation("stn.features.15.conv.5.fc.0.weight") == doctest::Approx(0.01).epsilon(0.02));
  CHECK(find_tensor(owner, "stn.features.15.conv.8.weight").min().item<float>() == 1);
  const at::Tensor output = find_tensor(owner, "output_layer.1.weight");
  CHECK(output.abs().max().item<double>() <= 0.0790570);
  CHECK(output.abs().max().item<double>() > 0.079);
  CHECK(find_tensor(owner, "output_layer.1.bias").abs().max().item<double>() <= 0.0790570);
}

TEST_CASE("LandmarkCnn: the golden rows of trunk, output layer and landmarks") {
  const at::NoGradGuard no_grad;
  LandmarkOwner owner;
  test::fill_by_rule(owner);
  const at::Tensor images = test::rule_tensor("input", {2, 3, 112, 112}).to(at::kFloat);
  const auto trunk = std::dynamic_pointer_cast<LandmarkTrunk>(owner.named_children()["stn"]);
  test::check_row(trunk->forward(images, {})[0],
                  {{0.08029, 0.09245, 0.08829, 0.06263, 0.05894, 0.04316, 0.07549, 0.02133}, 22.77095, 5.52352}, 1e-3);
  test::check_row(owner.cnn.raw(owner.cnn.features(images, {}), {})[0],
                  {{0.21782, 0.07685, -0.10950, 0.11620, -0.17459, 0.00814, 0.07338, -0.01796}, -1.55070, 2.16129}, 1e-3);
  const at::Tensor theta = owner.cnn.landmarks(images, {});
  test::check_row(theta[0], {{94.03127, 67.69820, 32.88937, 75.04892, 20.73123, 54.86413, 67.05101, 49.98946}, 20620.999, 1116.93215},
                  2e-3);
  test::check_row(theta[1], {{93.05688, 67.12134, 33.19808, 74.86235, 20.38568, 56.04205, 66.68024, 50.14738}, 20638.660, 1116.96876},
                  2e-3);
}

TEST_CASE("stretched_landmarks: over x and y together as published, or over each") {
  const at::Tensor raw = at::tensor({1.0f, 10.0f, 3.0f, 20.0f, 2.0f, 21.0f}).view({1, 6});
  const at::Tensor joint = stretched_landmarks(raw, 111, "joint");
  CHECK(at::allclose(joint.flatten(), (raw.flatten() - 1) / 20 * 111));
  const at::Tensor axis = stretched_landmarks(raw, 110, "axis");
  CHECK(at::allclose(axis.flatten(), at::tensor({0.0f, 0.0f, 110.0f, 100.0f, 55.0f, 110.0f})));
}

TEST_CASE("stretched_landmarks: a row without spread is 0, others are not touched by an epsilon") {
  const at::Tensor flat = stretched_landmarks(at::full({1, 4}, 0.3f), 111, "joint");
  CHECK(at::equal(flat, at::zeros({1, 2, 2})));
  const at::Tensor narrow = stretched_landmarks(at::tensor({0.0f, 1e-20f, 5e-21f, 0.0f}).view({1, 4}), 111, "joint");
  CHECK(narrow.max().item<float>() == 111);
  CHECK_THROWS_WITH_AS(stretched_landmarks(at::zeros({1, 3}), 111, "joint"), "\"raw\" has 3 numbers a row, not pairs", Error);
}

TEST_CASE("LandmarkCnn: a frozen one has no gradient, no dropout and fixed statistics") {
  LandmarkOptions options;
  options.frozen = true;
  LandmarkOwner owner(options);
  test::fill_by_rule(owner);
  for (const auto& [name, parameter] : parameters_of(owner)) CHECK_FALSE(parameter.requires_grad());
  const at::Tensor images = test::rule_tensor("input", {2, 3, 112, 112}).to(at::kFloat), calm = owner.cnn.landmarks(images, {});
  CHECK_FALSE(calm.requires_grad());
  const at::Tensor before = find_tensor(owner, "stn.features.0.1.running_mean").clone();
  CHECK(at::equal(owner.cnn.landmarks(images, {true, nullptr}), calm));
  CHECK(at::equal(find_tensor(owner, "stn.features.0.1.running_mean"), before));
}
