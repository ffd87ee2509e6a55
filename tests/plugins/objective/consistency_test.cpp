// The landmark consistency loss of `identification` (finetuning.md 13).
#include <memory>
#include <string>

#include <doctest/doctest.h>
#include <torch/types.h>

#include "nn/layers/tree.h"
#include "nn/train/initial_values.h"
#include "support/error_of.h"
#include "support/training.h"

namespace lafs {
namespace {

const std::string small_part = "dim = 16\ndepth = 1\nheads = 2\ndim_head = 8\nmlp_dim = 16\nlandmark_dropout = 0\n";
const std::string with_source = "consistency_source = { use = \"landmark_cnn\" }\n";

struct ConsistentTask {
  test::HandAssembly assembly;
  std::shared_ptr<Objective> objective;
  test::HandBatch batch;
  test::HandStep hand;

  explicit ConsistentTask(const std::string& options, const std::string& plugin = "part_fvit", const std::string& backbone = small_part) {
    assembly.contract.height = assembly.contract.width = 32;
    assembly.backbone_use = test::use<Backbone>(plugin, backbone);
    assembly.head_use = test::use<Head>("cosface");
    objective = test::make<Objective>("identification", options, assembly);
    nn::initialise(*objective->module(), 4);
    torch::manual_seed(1);
    batch.groups["image"] = torch::randn({1, 3, 3, 32, 32});
    batch.identities = torch::arange(3, at::kLong);
  }
  at::Tensor loss_at(int64_t epoch) {
    hand.step.time.epoch = epoch;
    return objective->loss(batch, hand.step);
  }
};

Landmarked& landmarked_at(const ConsistentTask& task, const char* path) {
  return dynamic_cast<Landmarked&>(*nn::submodule(*task.objective->module(), path));
}

TEST_CASE("consistency: the mean square distance of the landmarks, weighted by the published table") {
  ConsistentTask task(with_source);
  const double alone = task.loss_at(28).item<double>();  // the last weight is 0
  const at::Tensor images = task.batch.views("image")[0];
  at::Tensor naive;
  {
    const at::NoGradGuard no_grad;
    const at::Tensor frozen = landmarked_at(task, "consistency_source").landmarks(images, Pass{});
    const at::Tensor own = landmarked_at(task, "backbone").landmarks(images, Pass{true, nullptr});
    naive = ((frozen - own) / 31).square().mean();
  }
  REQUIRE(naive.item<double>() > 1e-6);
  for (const auto& [epoch, weight] :
       {std::pair{0, 1000.0}, {7, 1000.0}, {8, 100.0}, {13, 100.0}, {14, 1.0}, {20, 1.0}, {21, 0.11}, {27, 0.11}}) {
    CAPTURE(epoch);
    CHECK(task.loss_at(epoch).item<double>() - alone == doctest::Approx(weight * naive.item<double>()).epsilon(1e-3));
    CHECK(task.hand.reporter.values.at("landmark_consistency") == doctest::Approx(naive.item<double>()).epsilon(1e-4));
  }
}

TEST_CASE("consistency: the gradient reaches the landmark network that trains, and never the frozen one") {
  ConsistentTask task(with_source);
  task.loss_at(0).backward();
  for (const auto& [name, parameter] : nn::parameters_of(*task.objective->module())) {
    CAPTURE(name);
    const bool frozen = name.starts_with("consistency_source.");
    CHECK(parameter.requires_grad() == !frozen);
    CHECK(parameter.grad().defined() == !frozen);
  }
}

TEST_CASE("consistency: a table of one's own") {
  ConsistentTask task(with_source + "consistency_weights = [2, 0]\nconsistency_until = [3]\n");
  const double alone = task.loss_at(3).item<double>();
  CHECK(task.loss_at(2).item<double>() > alone);
}

TEST_CASE("consistency: what would have no effect is an error") {
  const auto refusal = [](const std::string& options, const std::string& plugin = "part_fvit", const std::string& backbone = small_part) {
    return test::error_of([&] { ConsistentTask(options, plugin, backbone); });
  };
  CHECK(refusal(with_source, "fvit", "dim = 16\ndepth = 1\nheads = 2\ndim_head = 8\nmlp_dim = 16\n") ==
        "inline.toml:1:1: error: objective \"identification\": consistency_source has no effect: the backbone does not give its landmarks "
        "while training; "
        "try \"part_fvit\"");
  CHECK(
      refusal(with_source, "part_fvit", small_part + "freeze_landmarks = true\n") ==
      "inline.toml:1:1: error: objective \"identification\": consistency_source has no effect: the landmarks of the backbone do not train");
  CHECK(refusal(with_source + "consistency_until = [1, 2]\n") ==
        "inline.toml:1:1: error: objective \"identification\": consistency_weights has 5 numbers and consistency_until 2: there must be "
        "one weight more");
  CHECK(refusal(with_source + "consistency_until = [8, 8, 9, 10]\n") ==
        "inline.toml:1:1: error: objective \"identification\": consistency_until must rise from epoch to epoch");
  CHECK(refusal("consistency_source = { use = \"landmark_cnn\", landmarks = 9 }\n") ==
        "inline.toml:1:1: error: objective \"identification\": consistency_source \"landmark_cnn\" gives 9 landmarks, but the backbone has "
        "16");
  CHECK(refusal("consistency_weights = [1, 0, 0, 0, 0]\n") ==
        "inline.toml:1:1: error: objective \"identification\": consistency_weights and consistency_until have no effect without "
        "consistency_source");
}

}  // namespace
}  // namespace lafs
