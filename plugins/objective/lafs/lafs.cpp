#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <torch/types.h>

#include "lafs/error.h"
#include "lafs/patch_trace.h"
#include "lafs/plugin.h"
#include "lafs/suggestion.h"
#include "nn/layers/function.h"
#include "nn/layers/tree.h"
#include "nn/models/patch_gather.h"
#include "nn/train/self_distillation.h"

namespace {

struct Options : lafs::nn::DistillationOptions {
  lafs::Use<lafs::Backbone> landmark_source{"landmark_cnn"};
  double noise_global = 5, noise_local = 5;
  int64_t local_tokens = 36;
  bool replacement = true, shuffle_global = false;
  std::string positions = "slot", patch_layout = "transposed", patch_centre = "shifted";

  Options() {
    teacher_temperature.shape = "epoch_linear";
    teacher_temperature.from = 0.04;
    teacher_temperature.warmup_from = 0.07;
    teacher_temperature.warmup_epochs = 30;
  }

  void declare(lafs::Params& p) {
    lafs::nn::DistillationOptions::declare(p);
    p("landmark_source", landmark_source,
      "backbone that says where to look; frozen, its weights come from [[init]] into = \"landmark_source\"");
    p("noise_global", noise_global, lafs::in(0, 1000), "deviation of the landmarks' noise in global views, pixels (quirk P9)");
    p("noise_local", noise_local, lafs::in(0, 1000), "deviation of the landmarks' noise in local views, pixels");
    p("local_tokens", local_tokens, lafs::in(1, 1 << 20), "landmarks of a local view (quirk P17)");
    p.quirk("P10", "local_replacement", replacement, true, false,
            "true: landmarks of a local view are drawn with replacement; false: all different");
    p("shuffle_global", shuffle_global, "shuffle the landmarks of global views (quirk P11)");
    p.quirk("P6", "position_rows", positions, "slot", "landmark", lafs::one_of({"slot", "landmark"}),
            "a token's position is its place in the sequence, or its landmark's number");
    p.quirk("M3", "patch_layout", patch_layout, "transposed", "plain", lafs::one_of({"transposed", "plain"}),
            "pixel order in a token: column by column (transposed), or row by row as in fvit (plain)");
    p.quirk("M4", "patch_centre", patch_centre, "shifted", "symmetric", lafs::one_of({"shifted", "symmetric"}),
            "patches lie a pixel left of and above their landmark, or symmetrically around it");
  }
};

/// Landmark-based self-distillation (Sun et al. 2024; pretraining.md 4): a frozen network finds landmarks in clean views, noise moves
/// them, and student and teacher see the patches around them in the same views with other colours; local views are a few landmarks.
class Lafs final : public lafs::nn::SelfDistillation, public lafs::TracesPatches {
 public:
  using Options = ::Options;

  Lafs(const Options& options, lafs::Assembly& assembly)
      : lafs::nn::SelfDistillation(options, assembly), options_(options), source_(options.landmark_source.make(assembly.input())) {
    const auto instead = [&](const char* capability) {
      return lafs::suggest_capable(assembly.plugins_with(lafs::Backbone::kind, capability));
    };
    const auto* tokens = dynamic_cast<const lafs::Tokenised*>(student_backbone().get());
    if (!tokens) throw lafs::Error("the backbone takes no tokens" + instead("tokens"));
    landmarked_ = dynamic_cast<lafs::Landmarked*>(source_.get());
    if (!landmarked_) {
      throw lafs::Error(fmt::format("landmark_source \"{}\" gives no landmarks{}", options.landmark_source.name, instead("landmarks")));
    }
    gather_.patch = std::lround(std::sqrt(static_cast<double>(tokens->token_dim()) / 3));
    gather_.transposed = options.patch_layout == "transposed";
    gather_.centred = options.patch_centre == "symmetric";
    check(*tokens);
    register_module("landmark_source", source_->module());
    for (const auto& [name, parameter] : lafs::nn::parameters_of(*source_->module())) parameter.requires_grad_(false);
    if (starts_random() && !assembly.loads("landmark_source")) {
      assembly.note(
          "landmark_source starts from random weights: it is frozen, so its landmarks stay arbitrary; "
          "give [[init]] into = \"landmark_source\" those of a trained network");
    }
  }

  std::vector<lafs::ViewNeed> required_views() const override { return needs({"global", "global_clean"}, {"local", "local_clean"}); }

  std::vector<lafs::PatchTrace> patch_traces(const lafs::Batch& batch, const lafs::Step& step) override {
    const at::NoGradGuard no_grad;
    const lafs::nn::AutocastOff off;  // where to look is decided in fp32 (pretraining.md 8)
    std::vector<lafs::PatchTrace> all{trace(batch, "global", "global_clean", 0, step)};
    if (batch.has("local")) all.push_back(trace(batch, "local", "local_clean", batch.views("global").size(0), step));
    return all;
  }

 private:
  bool starts_random() const {
    const auto* known = dynamic_cast<const lafs::StartsRandom*>(source_.get());
    return known ? known->starts_random() : !lafs::nn::parameters_of(*source_->module()).empty();
  }

  void check(const lafs::Tokenised& tokens) const {
    if (gather_.patch * gather_.patch * 3 != tokens.token_dim()) {
      throw lafs::Error(
          fmt::format("a token of the backbone has {} numbers, which is not a square patch of 3 channels", tokens.token_dim()));
    }
    const int64_t landmarks = landmarked_->landmark_count(), places = tokens.max_tokens();
    if (landmarks > places) {
      throw lafs::Error(fmt::format("landmark_source \"{}\" gives {} landmarks, but the backbone has positions for {} tokens",
                                    options_.landmark_source.name, landmarks, places));
    }
    if (options_.local_tokens > places) {
      throw lafs::Error(
          fmt::format("local_tokens = {} is more than the backbone has positions for, which is {}", options_.local_tokens, places));
    }
    if (!options_.replacement && options_.local_tokens > landmarks) {
      throw lafs::Error(
          fmt::format("local_tokens = {} is more than the {} landmarks there are without replacement", options_.local_tokens, landmarks));
    }
  }

  std::vector<lafs::nn::Crops> crops(const lafs::Batch& batch, const lafs::Step& step) override {
    const int64_t globals = batch.views("global").size(0);
    std::vector<lafs::nn::Crops> all;
    for (const lafs::PatchTrace& trace : patch_traces(batch, step)) {
      const bool global = all.empty();
      const bool by_landmark = options_.positions == "landmark" && trace.chosen.defined();
      all.push_back({trace.tokens, by_landmark ? trace.chosen + 1 : at::Tensor(), batch.views(trace.views).size(0), global ? 0 : globals});
    }
    return all;
  }

  at::Tensor encode(lafs::Backbone& backbone, const lafs::nn::Crops& crops, const lafs::Pass& pass) override {
    return dynamic_cast<lafs::Tokenised&>(backbone).forward_tokens(crops.input, crops.position_rows, pass);
  }

  lafs::PatchTrace trace(const lafs::Batch& batch, const char* pixels, const char* clean, int64_t first, const lafs::Step& step) const {
    const at::Tensor views = batch.views(pixels), looked_at = batch.views(clean);
    const bool global = first == 0;
    if (looked_at.sizes() != views.sizes()) {
      throw lafs::Error(fmt::format("views \"{}\" and \"{}\" differ in number or size; they must be the same crops", pixels, clean));
    }
    const auto draws = step.draws ? step.draws->views(views.size(0), first) : nullptr;
    const at::Tensor found = landmarked_->landmarks(lafs::nn::view_rows(looked_at), {});  // [V*B,L,2]
    if (global) step.reporter.value("landmark_spread", found.std(1, false).mean());
    const double noise = global ? options_.noise_global : options_.noise_local;
    at::Tensor places = found;
    if (draws && noise > 0) places = found + draws->normal("landmark_noise", {found.size(1), 2}) * noise;
    const at::Tensor chosen = global ? order(draws.get(), found.size(1)) : choice(draws.get(), found);
    if (chosen.defined()) places = places.gather(1, chosen.unsqueeze(2).expand({-1, -1, 2}));
    return {pixels,        clean,
            found,         places,
            chosen,        lafs::nn::gather_patches(lafs::nn::view_rows(views), places, gather_),
            gather_.patch, gather_.transposed};
  }

  /// Landmarks of a global view: undefined as they come.
  at::Tensor order(const lafs::Draws* draws, int64_t landmarks) const {
    return options_.shuffle_global && draws ? draws->permutations("landmark_order", landmarks) : at::Tensor();
  }

  /// Landmarks of a local view; without chance the first ones.
  at::Tensor choice(const lafs::Draws* draws, const at::Tensor& points) const {
    const int64_t count = options_.local_tokens, landmarks = points.size(1);
    if (!draws) return torch::arange(count, points.options().dtype(at::kLong)).remainder(landmarks).expand({points.size(0), -1});
    if (options_.replacement) return draws->integers("landmark_choice", landmarks, {count});
    return draws->permutations("landmark_choice", landmarks).slice(1, 0, count);
  }

  Options options_;
  std::shared_ptr<lafs::Backbone> source_;
  lafs::Landmarked* landmarked_ = nullptr;
  lafs::nn::PatchGather gather_;
};

}  // namespace

LAFS_PLUGIN(registrar) {
  registrar.add<Lafs>("lafs", "landmark-based self-distillation of faces (Sun et al. 2024): patches at noisy landmarks as views",
                      /*revision=*/2);
}
