#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <torch/types.h>

#include "lafs/assembly.h"
#include "lafs/backbone.h"
#include "lafs/error.h"
#include "lafs/head.h"
#include "lafs/objective.h"
#include "lafs/plugin.h"
#include "mixing.h"
#include "nn/layers/dims.h"
#include "nn/loss/classifier.h"

namespace {

struct Options {
  lafs::identification::MixingOptions mixing;
  double smoothing = 0, probability_floor = 0;
  std::string classifier_init = "xavier_uniform";

  void declare(lafs::Params& p) {
    mixing.declare(p);
    p("smoothing", smoothing, lafs::in(0, 0.99), "share of each target spread over all identities");
    p("classifier_init", classifier_init, lafs::one_of({"xavier_uniform", "normal_0.01", "unit_rows"}), "start of the class matrix");
    p("probability_floor", probability_floor, lafs::in(0, 0.1), "smallest probability in the reported loss, 1e-30 as insightface; 0: none");
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
    lafs::nn::Classifier::Options matrix;
    matrix.classes = assembly.identities();
    matrix.width = backbone_->embed_dim();
    matrix.init = options.classifier_init;
    matrix.probability_floor = options.probability_floor;
    if (const auto* centers = dynamic_cast<const lafs::SubCentered*>(head_.get())) matrix.sub_centers = centers->sub_centers();
    if (const auto* plain = dynamic_cast<const lafs::Unnormalised*>(head_.get())) {
      matrix.normalised = false;
      matrix.bias = plain->bias();
    }
    register_module("backbone", backbone_->module());
    classifier_ = register_module("classifier", std::make_shared<lafs::nn::Classifier>(matrix));
    if (const auto state = std::dynamic_pointer_cast<torch::nn::Module>(head_)) register_module("head", state);
  }

  std::shared_ptr<torch::nn::Module> module() override { return shared_from_this(); }
  std::string encoder() const override { return "backbone"; }
  std::vector<lafs::ViewNeed> required_views() const override { return {{"image", 1, false}}; }

  at::Tensor loss(const lafs::Batch& batch, const lafs::Step& step) override {
    at::Tensor images = batch.views("image")[0];  // [B,3,H,W]
    lafs::nn::Targets targets;
    targets.label_a = batch.labels();
    targets.smoothing = options_.smoothing;
    mix(images, targets, step);
    const lafs::Pass pass = step.pass();
    const at::Tensor embedding = backbone_->forward(images, pass.scope("backbone"));  // [B,D]
    at::Tensor accuracy;
    const at::Tensor loss = classifier_->loss(embedding, targets, abilities_, pass, &accuracy);
    step.reporter.value("accuracy", accuracy);
    return loss;
  }

  void after_update(const lafs::Step& step) override {
    if (abilities_.statistical) abilities_.statistical->after_update(step);
  }

 private:
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
};

}  // namespace

LAFS_PLUGIN(registrar) {
  registrar.add<Identification>("identification", "supervised training on identities with a margin head, mixup and cutmix");
}
