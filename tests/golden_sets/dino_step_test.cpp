#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <torch/types.h>

#include "support/step_trace.h"

// DINO's own transformer under our objective "dino" (golden README, set 5).
TEST_SUITE("dino_step") {
  namespace {  // suites of several files share a name of doctest's making
  using namespace lafs;

  /// The key third of qkv.bias has no gradient but rounding.
  at::Tensor comparable(const std::string& name, const at::Tensor& tensor) {
    if (!name.ends_with("attn.qkv.bias")) return tensor;
    const auto thirds = tensor.chunk(3);
    return at::cat({thirds[0], thirds[2]});
  }

  TEST_CASE("dino_step: logits, losses, gradient norms, centres and weights of six steps") {
    if (!test::golden_ready("dino_step",
                            {"dino_step.json", "dino_step.inputs.safetensors", "dino_step.trace.safetensors", "dino_step.init.safetensors",
                             "dino_step.final_student.safetensors", "dino_step.final_teacher.safetensors"})) {
      return;
    }
    const nlohmann::json s = test::golden_json("dino_step.json");
    test::StepTrace run(
        "dino_step", "dino",
        test::use<Backbone>("vit",
                            fmt::format("size = \"custom\"\nimg_size = 112\ndim = {}\ndepth = {}\nheads = {}\npatch = {}\neps = 1e-6\n"
                                        "dropout = 0\ndrop_path = 0",
                                        s.at("embed_dim").get<int64_t>(), s.at("depth").get<int64_t>(), s.at("heads").get<int64_t>(),
                                        s.at("patch_size").get<int64_t>())));
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
    run.compare_final("student", comparable);
    run.compare_final("teacher", comparable);
    run.check_worst();
  }
  }  // namespace
}
