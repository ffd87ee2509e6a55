#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <torch/types.h>

#include "nn/layers/tree.h"
#include "nn/models/patch_gather.h"
#include "support/golden_model.h"
#include "support/step_trace.h"

// LAFS pre-training with the full-size landmark CNN and recorded chance (golden README, set 5).
TEST_SUITE("lafs_step") {
  namespace {  // suites of several files share a name of doctest's making
  using namespace lafs;

  /// The noise [V*B,L,2] and the chosen landmarks [V*B,K] of one step, as the reference drew them.
  struct Chance {
    int64_t global_views = 0, batch = 0;
    at::Tensor noise_global, noise_local, index_local;
  };

  Chance recorded(const test::StepTrace& run, int64_t step) {
    const auto name = [&](const std::string& what) { return fmt::format("step{}.{}", step, what); };
    Chance chance;
    std::vector<at::Tensor> globals;
    for (auto found = run.inputs.find(name("noise_global1")); found != run.inputs.end();
         found = run.inputs.find(name(fmt::format("noise_global{}", globals.size() + 1)))) {
      globals.push_back(found->second);
    }
    chance.global_views = static_cast<int64_t>(globals.size());
    chance.batch = globals.at(0).size(0);
    chance.noise_global = at::cat(globals);
    chance.noise_local = run.inputs.at(name("noise_local"));
    chance.index_local = run.inputs.at(name("index_local")).to(at::kLong);
    return chance;
  }

  /// Hands the recorded numbers to whoever asks for landmark noise or landmark choices, and nothing else to anybody.
  class Recorded final : public Draws {
   public:
    explicit Recorded(Chance chance, int64_t first = -1) : chance_(std::move(chance)), first_(first) {}

    int64_t rows() const override {
      if (first_ < 0) return chance_.batch;
      return (first_ == 0 ? chance_.noise_global : chance_.noise_local).size(0);
    }
    at::Tensor normal(std::string_view stream, const Shape&) const override {
      if (stream != "landmark_noise") throw std::runtime_error("no such normals were recorded");
      return first_ == 0 ? chance_.noise_global : chance_.noise_local;
    }
    at::Tensor integers(std::string_view stream, int64_t below, const Shape& shape) const override {
      const bool expected = first_ == chance_.global_views && below == chance_.noise_local.size(1) &&
                            shape == Shape(chance_.index_local.sizes().begin() + 1, chance_.index_local.sizes().end());
      if (stream != "landmark_choice" || !expected) throw std::runtime_error("no such integers were recorded");
      return chance_.index_local;
    }
    at::Tensor uniform(std::string_view, const Shape&) const override { throw std::runtime_error("no uniforms were recorded"); }
    at::Tensor permutations(std::string_view, int64_t) const override { throw std::runtime_error("no permutations were recorded"); }
    at::Tensor keep_mask(std::string_view, double, const Shape&) const override { throw std::runtime_error("no masks were recorded"); }
    uint64_t batch_key(std::string_view) const override { throw std::runtime_error("no keys were recorded"); }
    std::shared_ptr<const Draws> scope(std::string_view) const override { return shared_from_this(); }
    std::shared_ptr<const Draws> views(int64_t, int64_t first) const override { return std::make_shared<Recorded>(chance_, first); }

   private:
    Chance chance_;
    int64_t first_;
  };

  /// Slots come in pairs, clean then coloured; the global ones are first (pretraining.md 3.2).
  test::HandBatch batch_of(const test::StepTrace& run, const Chance& chance, int64_t step) {
    const at::Tensor all = run.inputs.at("crops_u8");
    const at::Tensor crops = (all[step % all.size(0)].to(at::kFloat) / 255 - 0.5) / 0.5;
    const int64_t border = 2 * chance.global_views, end = crops.size(0);
    const auto slots = [&](int64_t from, int64_t to) { return crops.slice(0, from, to, 2).contiguous(); };
    test::HandBatch batch;
    batch.groups["global_clean"] = slots(0, border);
    batch.groups["global"] = slots(1, border);
    batch.groups["local_clean"] = slots(border, end);
    batch.groups["local"] = slots(border + 1, end);
    batch.identities = torch::zeros({chance.batch}, crops.options().dtype(at::kLong));
    return batch;
  }

  /// Tokens [V,B,N,width] of a group by its definition (pretraining.md 4).
  at::Tensor tokens_of(const test::StepTrace& run, const at::Tensor& clean, const at::Tensor& pixels, const at::Tensor& noise) {
    const at::NoGradGuard no_grad;
    const auto source = nn::submodule(*run.objective->module(), "landmark_source");
    const at::Tensor points = dynamic_cast<Landmarked&>(*source).landmarks(clean.flatten(0, 1), {});
    nn::PatchGather gather;
    gather.patch = run.settings.at("patch_size");
    const at::Tensor places = points + noise * run.settings.at("noise_px").get<double>();
    return nn::gather_patches(pixels.flatten(0, 1), places, gather).unflatten(0, {clean.size(0), clean.size(1)});
  }

  /// Tokens where the trace has them, and logits of both networks.
  void compare_tokens(test::StepTrace& run, const test::HandBatch& batch, const Chance& chance, int64_t step) {
    at::Tensor global = tokens_of(run, batch.views("global_clean"), batch.views("global"), chance.noise_global);
    at::Tensor local = tokens_of(run, batch.views("local_clean"), batch.views("local"), chance.noise_local);
    const at::Tensor chosen = chance.index_local.unflatten(0, {local.size(0), local.size(1)}).unsqueeze(3);
    local = local.gather(2, chosen.expand({-1, -1, -1, local.size(3)}));
    for (auto& [name, ours] : {std::pair<const char*, at::Tensor&>("global_tokens", global), {"local_tokens", local}}) {
      if (!run.has(step, name)) continue;
      run.worst("tokens", test::max_error(ours, run.of(step, name)));
      ours = run.of(step, name);
    }
    run.compare_logits(step, {global, local}, true);
  }

  void load_landmark_cnn(test::StepTrace& run) {
    test::Tensors cnn;
    for (const auto& [name, tensor] : test::golden_tensors("part_fvit_tiny.state.safetensors")) {
      if (name.starts_with("stn.") || name.starts_with("output_layer.")) cnn.emplace(name, tensor);
    }
    test::load_state(*nn::submodule(*run.objective->module(), "landmark_source"), cnn);
  }

  /// The objective's options that the files give: how far landmarks move, and how many a local view keeps.
  std::string lafs_options() {
    const nlohmann::json settings = test::golden_json("lafs_step.json");
    const int64_t kept = test::golden_tensors("lafs_step.inputs.safetensors").at("step0.index_local").size(1);
    return fmt::format("local_tokens = {}\n", kept) +
           test::options_from(settings, {{"noise_px", "noise_global"}, {"noise_px", "noise_local"}});
  }

  TEST_CASE("lafs_step: tokens, logits, losses, gradient norms, centres and weights of every step") {
    if (!test::StepTrace::ready("lafs_step") ||
        !test::golden_ready("lafs_step", {"lafs_step.final_teacher.safetensors", "part_fvit_tiny.state.safetensors"})) {
      return;
    }
    test::StepTrace run("lafs_step", "lafs", "fvit", lafs_options());
    load_landmark_cnn(run);
    for (int64_t step = 0; step < run.steps(); ++step) {
      const Chance chance = recorded(run, step);
      const test::HandBatch batch = batch_of(run, chance, step);
      compare_tokens(run, batch, chance, step);
      run.step(step, batch, std::make_shared<Recorded>(chance));
    }
    run.finish();
  }
  }  // namespace
}
