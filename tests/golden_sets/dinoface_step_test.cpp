#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <torch/types.h>

#include "support/step_trace.h"

// DINO-face: fViT on pictures, local views on the first rows of its position table (golden README, set 5; pretraining.md 12).
TEST_SUITE("dinoface_step") {
  namespace {  // suites of several files share a name of doctest's making
  using namespace lafs;

  TEST_CASE("dinoface_step: logits, losses, gradient norms, centres and weights of six steps") {
    if (!test::golden_ready("dinoface_step", {"dinoface_step.json", "dinoface_step.inputs.safetensors", "dinoface_step.trace.safetensors",
                                              "dinoface_step.init.safetensors", "dinoface_step.final_student.safetensors"})) {
      return;
    }
    const nlohmann::json s = test::golden_json("dinoface_step.json");
    test::StepTrace run(
        "dinoface_step", "dino",
        test::use<Backbone>(
            "fvit", fmt::format("dim = {}\ndepth = {}\nheads = {}\npatch = {}\nmlp_dim = {}\ndim_head = {}\n"
                                "dropout = 0\nemb_dropout = 0\ndrop_path = 0",
                                s.at("dim").get<int64_t>(), s.at("depth").get<int64_t>(), s.at("heads").get<int64_t>(),
                                s.at("patch_size").get<int64_t>(), s.at("mlp_dim").get<int64_t>(), s.at("dim_head").get<int64_t>())));
    for (int64_t step = 0; step < 6; ++step) {
      test::HandBatch batch;
      for (const char* group : {"global", "local"}) {
        batch.groups[group] = test::imagenet_pixels(run.inputs.at(std::string(group) + "_u8")[step % 2]);
      }
      batch.identities = torch::zeros({2}, at::kLong);
      const at::Tensor global = batch.groups["global"], local = batch.groups["local"];
      run.worst("logits", test::max_error(run.logits("student", {global, local}, false), run.of(step, "student_logits")));
      run.worst("logits", test::max_error(run.logits("teacher", {global}, false), run.of(step, "teacher_logits")));
      run.step(step, batch, nullptr);
    }
    run.compare_final("student", [](const std::string&, const at::Tensor& tensor) { return tensor; });
    run.check_worst();
  }
  }  // namespace
}
