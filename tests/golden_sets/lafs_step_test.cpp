#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <torch/types.h>

#include "nn/models/patch_gather.h"
#include "support/step_trace.h"

// LAFS pre-training with the full-size landmark CNN and recorded chance (golden README, set 5).
TEST_SUITE("lafs_step") {
  namespace {  // suites of several files share a name of doctest's making
  using namespace lafs;

  /// The noise and the choices of landmarks of one step, as the reference drew them.
  class Recorded final : public Draws {
   public:
    struct Numbers {
      at::Tensor noise_global, noise_local, index_local;
    };
    explicit Recorded(Numbers numbers, int64_t first = -1) : numbers_(std::move(numbers)), first_(first) {}

    int64_t rows() const override { return first_ < 0 ? 2 : 4; }
    at::Tensor normal(std::string_view stream, const Shape&) const override {
      if (stream != "landmark_noise") throw std::runtime_error("no such normals were recorded");
      return first_ == 0 ? numbers_.noise_global : numbers_.noise_local;
    }
    at::Tensor integers(std::string_view stream, int64_t below, const Shape&) const override {
      if (stream != "landmark_choice" || first_ != 2 || below != 196) throw std::runtime_error("no such integers were recorded");
      return numbers_.index_local;
    }
    at::Tensor uniform(std::string_view, const Shape&) const override { throw std::runtime_error("no uniforms were recorded"); }
    at::Tensor permutations(std::string_view, int64_t) const override { throw std::runtime_error("no permutations were recorded"); }
    at::Tensor keep_mask(std::string_view, double, const Shape&) const override { throw std::runtime_error("no masks were recorded"); }
    uint64_t batch_key(std::string_view) const override { throw std::runtime_error("no keys were recorded"); }
    std::shared_ptr<const Draws> scope(std::string_view) const override { return shared_from_this(); }
    std::shared_ptr<const Draws> views(int64_t, int64_t first) const override { return std::make_shared<Recorded>(numbers_, first); }

   private:
    Numbers numbers_;
    int64_t first_;
  };

  Recorded::Numbers recorded(const test::StepTrace& run, int64_t step) {
    const auto named = [&](const char* what) { return run.inputs.at(fmt::format("step{}.{}", step, what)); };
    return {at::cat({named("noise_global1"), named("noise_global2")}), named("noise_local"), named("index_local").to(at::kLong)};
  }

  test::HandBatch batch_of(const test::StepTrace& run, int64_t step) {
    // Slots in pairs, clean then coloured; the first two pairs are global.
    const at::Tensor crops = (run.inputs.at("crops_u8")[step % 2].to(at::kFloat) / 255 - 0.5) / 0.5;
    test::HandBatch batch;
    const auto slots = [&](int64_t from, int64_t to) { return crops.slice(0, from, to, 2).contiguous(); };
    batch.groups["global_clean"] = slots(0, 4);
    batch.groups["global"] = slots(1, 4);
    batch.groups["local_clean"] = slots(4, 8);
    batch.groups["local"] = slots(5, 8);
    batch.identities = torch::zeros({2}, crops.options().dtype(at::kLong));
    return batch;
  }

  /// Tokens of a group by its definition (pretraining.md 4).
  at::Tensor tokens_of(const test::StepTrace& run, const at::Tensor& clean, const at::Tensor& pixels, const at::Tensor& noise) {
    const at::NoGradGuard no_grad;
    const auto source = nn::submodule(*run.objective->module(), "landmark_source");
    const at::Tensor points = dynamic_cast<Landmarked&>(*source).landmarks(clean.flatten(0, 1), {});
    return nn::gather_patches(pixels.flatten(0, 1), points + noise * run.settings.at("noise_px").get<double>(), {});
  }

  void compare_tokens(test::StepTrace& run, const test::HandBatch& batch, const Recorded::Numbers& numbers) {
    const auto view = [&](const char* group) { return batch.views(group); };
    const at::Tensor global = tokens_of(run, view("global_clean"), view("global"), numbers.noise_global);
    at::Tensor local = tokens_of(run, view("local_clean"), view("local"), numbers.noise_local);
    local = local.gather(1, numbers.index_local.unsqueeze(2).expand({-1, -1, local.size(2)}));
    run.worst("tokens", test::max_error(global.view_as(run.of(0, "global_tokens")), run.of(0, "global_tokens")));
    run.worst("tokens", test::max_error(local.view_as(run.of(0, "local_tokens")), run.of(0, "local_tokens")));
    run.worst("logits", test::max_error(run.logits("student", {run.of(0, "global_tokens"), run.of(0, "local_tokens")}, true),
                                        run.of(0, "student_logits")));
    run.worst("logits", test::max_error(run.logits("teacher", {run.of(0, "global_tokens")}, true), run.of(0, "teacher_logits")));
  }

  TEST_CASE("lafs_step: tokens, logits, losses, gradient norms, centres and weights of six steps") {
    if (!test::golden_ready("lafs_step", {"lafs_step.json", "lafs_step.inputs.safetensors", "lafs_step.trace.safetensors",
                                          "lafs_step.init.safetensors", "lafs_step.final_student.safetensors",
                                          "lafs_step.final_teacher.safetensors", "part_fvit_tiny.state.safetensors"})) {
      return;
    }
    const nlohmann::json s = test::golden_json("lafs_step.json");
    test::StepTrace run(
        "lafs_step", "lafs",
        test::use<Backbone>("fvit",
                            fmt::format("dim = {}\ndepth = {}\nheads = {}\npatch = {}\nmlp_dim = {}\ndim_head = {}\nclass_head = {}\n"
                                        "dropout = 0\nemb_dropout = 0\ndrop_path = 0",
                                        s.at("dim").get<int64_t>(), s.at("depth").get<int64_t>(), s.at("heads").get<int64_t>(),
                                        s.at("patch_size").get<int64_t>(), s.at("mlp_dim").get<int64_t>(), s.at("dim_head").get<int64_t>(),
                                        s.at("num_class").get<int64_t>())));
    test::Tensors landmarks;
    for (const auto& [name, tensor] : test::golden_tensors("part_fvit_tiny.state.safetensors")) {
      if (name.starts_with("stn.") || name.starts_with("output_layer.")) landmarks.emplace(name, tensor);
    }
    test::load_state(*nn::submodule(*run.objective->module(), "landmark_source"), landmarks);
    for (int64_t step = 0; step < 6; ++step) {
      const test::HandBatch batch = batch_of(run, step);
      const Recorded::Numbers numbers = recorded(run, step);
      if (step == 0) compare_tokens(run, batch, numbers);
      run.step(step, batch, std::make_shared<Recorded>(numbers));
    }
    const auto all = [](const std::string&, const at::Tensor& tensor) { return tensor; };
    run.compare_final("student", all);
    run.compare_final("teacher", all);
    run.check_worst();
  }
  }  // namespace
}
