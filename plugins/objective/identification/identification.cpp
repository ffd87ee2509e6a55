#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <torch/types.h>

#include "consistency.h"
#include "lafs/assembly.h"
#include "lafs/backbone.h"
#include "lafs/error.h"
#include "lafs/head.h"
#include "lafs/objective.h"
#include "lafs/plugin.h"
#include "mixing.h"
#include "nn/layers/dims.h"
#include "nn/loss/classifier.h"
#include "partial_fc.h"

namespace {

struct Options {
  lafs::identification::MixingOptions mixing;
  lafs::identification::PartialFcOptions partial_fc;
  lafs::identification::ConsistencyOptions consistency;
  double smoothing = 0, probability_floor = 0;
  std::string classifier_init = "xavier_uniform", soft_label = "interpolate_logits";

  void declare(lafs::Params& p) {
    mixing.declare(p);
    p("smoothing", smoothing, lafs::in(0, 0.99), "share of each target spread over all identities");
    p("classifier_init", classifier_init, lafs::one_of({"xavier_uniform", "normal_0.01", "unit_rows"}), "start of the class matrix");
    p("probability_floor", probability_floor, lafs::in(0, 0.1), "smallest probability in the reported loss, 1e-30 as insightface; 0: none");
    p.affects_unless(
        "interpolate_logits", "soft_label", soft_label, lafs::one_of({"interpolate_logits", "mix_losses"}),
        "loss of a row with two labels. interpolate_logits: one softmax, each margin weighted by its label's share; mix_losses: "
        "the weighted mean of two losses with the whole margin");
    constexpr const char* partial = "classes that take part in a step (Partial FC, An et al. 2022)";
    partial_fc.on() ? p("partial_fc", partial_fc, partial) : p.affects_nothing("partial_fc", partial_fc, partial);
    consistency.declare(p);
  }
};

/// Supervised training on identities: backbone, margin head and class matrix (finetuning.md 4, heads.md).
class Identification final : public torch::nn::Module, public lafs::Objective {
 public:
  using Options = ::Options;

  Identification(const Options& options, lafs::Assembly& assembly)
      : options_(options), backbone_(assembly.backbone()), head_(assembly.head()), abilities_(*head_) {
    if (options.mixing.cutmix_minmax.size() != 0 && options.mixing.cutmix_minmax.size() != 2) {
      throw lafs::Error(fmt::format("cutmix_minmax has {} numbers, not 2", options.mixing.cutmix_minmax.size()));
    }
    if (options.soft_label != "interpolate_logits" && !options.mixing.on()) {
      throw lafs::Error("soft_label = \"mix_losses\" has no effect without mixup or cutmix");
    }
    if (options.partial_fc.on() && options.smoothing > 0) {
      throw lafs::Error("smoothing spreads over all identities, and partial_fc leaves most of them out of a step; use one of them");
    }
    lafs::nn::Classifier::Options matrix;
    matrix.classes = assembly.identities();
    matrix.width = backbone_->embed_dim();
    matrix.init = options.classifier_init;
    matrix.probability_floor = options.probability_floor;
    matrix.sampling = {options.partial_fc.rate, options.partial_fc.same_draws};
    matrix.rows = options.partial_fc.rows();
    matrix.rank = assembly.rank();
    matrix.world = assembly.world();
    if (const auto* centers = dynamic_cast<const lafs::SubCentered*>(head_.get())) matrix.sub_centers = centers->sub_centers();
    if (const auto* plain = dynamic_cast<const lafs::Unnormalised*>(head_.get())) {
      matrix.normalised = false;
      matrix.bias = plain->bias();
    }
    register_module("backbone", backbone_->module());
    classifier_ = register_module("classifier", std::make_shared<lafs::nn::Classifier>(matrix));
    if (const auto state = std::dynamic_pointer_cast<torch::nn::Module>(head_)) register_module("head", state);
    consistency_ = lafs::identification::landmark_consistency(options.consistency, *backbone_, assembly);
    if (consistency_) register_module("consistency_source", consistency_->module());
  }

  std::shared_ptr<torch::nn::Module> module() override { return shared_from_this(); }
  std::string encoder() const override { return "backbone"; }
  std::vector<lafs::ViewNeed> required_views() const override { return {{"image", 1, false}}; }

  at::Tensor loss(const lafs::Batch& batch, const lafs::Step& step) override {
    if (step.micro_batch == 0) begin(step);
    at::Tensor images = batch.views("image")[0];  // [B,3,H,W]
    lafs::nn::Targets targets;
    targets.label_a = batch.labels();
    targets.smoothing = options_.smoothing;
    if (options_.soft_label == "mix_losses") targets.mix = lafs::nn::Mix::losses;
    mix(images, targets, step);
    const lafs::Pass pass = step.pass();
    at::Tensor accuracy, consistency;
    const lafs::Pass inner = pass.scope("backbone");
    const at::Tensor embedding =
        consistency_ ? consistency_->embed(images, step, inner, consistency) : backbone_->forward(images, inner);  // [B,D]
    const at::Tensor loss = classifier_->loss(embedding, targets, abilities_, pass, &accuracy);
    step.reporter.value("accuracy", accuracy);
    return consistency.defined() ? loss + consistency : loss;
  }

  void before_update(const lafs::Step&) override {
    if (options_.partial_fc.writes_late()) late_.before_update(classifier_->weight);
  }

  void after_update(const lafs::Step& step) override {
    if (options_.partial_fc.writes_late()) late_.after_update(classifier_->weight);
    if (abilities_.statistical) abilities_.statistical->after_update(step);
  }

 private:
  /// All micro-batches of a step sample classes by the chance of the first.
  void begin(const lafs::Step& step) {
    late_.write(classifier_->weight);
    classifier_->sample_by(step.draws ? step.draws->scope("classifier") : nullptr);
  }

  void mix(at::Tensor& images, lafs::nn::Targets& targets, const lafs::Step& step) const {
    if (!options_.mixing.on() || !step.draws) return;
    const auto [b, c, height, width] = lafs::nn::dims<4>(images, "images");
    const lafs::identification::Mixing m =
        lafs::identification::draw_mixing(options_.mixing, height, width, lafs::Rng(step.draws->batch_key("mixup")));
    if (m.lambda >= 1) return;
    const at::Tensor partner = images.flip(0);
    if (m.box) {
      const auto box = [&](const at::Tensor& x) { return x.slice(2, m.top, m.bottom).slice(3, m.left, m.right); };
      images = images.clone();
      box(images).copy_(box(partner));
    } else {
      images = images * m.lambda + partner * (1 - m.lambda);
    }
    targets.label_b = targets.label_a.flip(0);
    targets.lambda = at::full({b}, m.lambda, images.options().dtype(at::kFloat));
  }

  Options options_;
  std::shared_ptr<lafs::Backbone> backbone_;
  std::shared_ptr<lafs::Head> head_;
  lafs::nn::HeadAbilities abilities_;  // of head_
  std::shared_ptr<lafs::nn::Classifier> classifier_;
  lafs::identification::LateRows late_;
  std::optional<lafs::identification::LandmarkConsistency> consistency_;
};

}  // namespace

LAFS_PLUGIN(registrar) {
  registrar.add<Identification>("identification", "supervised training on identities with a margin head, mixup and cutmix", 2);
}
