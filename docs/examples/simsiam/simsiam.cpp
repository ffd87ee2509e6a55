// SimSiam: two views of a picture, a predictor on one side, and no gradient on the other (Chen and He, CVPR 2021).
#include <memory>
#include <string>
#include <vector>

#include <torch/types.h>

#include "lafs/assembly.h"
#include "lafs/backbone.h"
#include "lafs/error.h"
#include "lafs/objective.h"
#include "lafs/plugin.h"
#include "nn/layers/batch_norm.h"
#include "nn/layers/layers.h"
#include "nn/loss/collapse.h"

namespace {

/// Linear layers, each with BatchNorm; a ReLU between them. `plain_end`: the last one is a bare Linear with a bias. The authors' last
/// BatchNorm of the projection has no slope and shift of its own; this one has.
class Mlp final : public torch::nn::Module {
 public:
  Mlp(const std::vector<int64_t>& widths, bool plain_end) {
    for (size_t i = 0; i + 1 < widths.size(); ++i) {
      const bool bare = plain_end && i + 2 == widths.size();
      linears_.push_back(register_module("linear" + std::to_string(i), std::make_shared<lafs::nn::Linear>(widths[i], widths[i + 1], bare)));
      if (!bare) norms_.push_back(register_module("norm" + std::to_string(i), std::make_shared<lafs::nn::BatchNorm>(widths[i + 1])));
    }
  }

  at::Tensor forward(at::Tensor x, const lafs::Pass& pass) {
    for (size_t i = 0; i < linears_.size(); ++i) {
      if (i > 0) x = at::relu(x);
      x = linears_[i]->forward(x);
      if (i < norms_.size()) x = norms_[i]->forward(x, pass);
    }
    return x;
  }

 private:
  std::vector<std::shared_ptr<lafs::nn::Linear>> linears_;
  std::vector<std::shared_ptr<lafs::nn::BatchNorm>> norms_;
};

/// Mean over the rows of -cos(p, z); z is a constant.
at::Tensor distance(const at::Tensor& p, const at::Tensor& z) {
  return -at::cosine_similarity(p.to(at::kFloat), z.detach().to(at::kFloat), 1).mean();
}

class SimSiam final : public torch::nn::Module, public lafs::Objective {
 public:
  struct Options {
    int64_t width = 2048, bottleneck = 512;

    void declare(lafs::Params& p) {
      p("width", width, lafs::in(2, 65536), "width of the projection and of its hidden layers; the paper has 2048");
      p("bottleneck", bottleneck, lafs::in(1, 65536), "hidden width of the predictor; the paper has a quarter of the width");
    }
  };

  SimSiam(const Options& options, lafs::Assembly& assembly) {
    backbone_ = assembly.backbone();
    register_module("backbone", backbone_->module());
    const int64_t width = options.width;
    projection_ = register_module("projection", std::make_shared<Mlp>(std::vector{backbone_->embed_dim(), width, width, width}, false));
    predictor_ = register_module("predictor", std::make_shared<Mlp>(std::vector{width, options.bottleneck, width}, true));
  }

  std::shared_ptr<torch::nn::Module> module() override { return shared_from_this(); }
  std::string encoder() const override { return "backbone"; }
  std::vector<lafs::ViewNeed> required_views() const override { return {{"global", 2}}; }

  /// D(p1, z2)/2 + D(p2, z1)/2, with BatchNorm over each view by itself (equation 2).
  at::Tensor loss(const lafs::Batch& batch, const lafs::Step& step) override {
    const at::Tensor views = batch.views("global");  // [V,B,3,H,W], V >= 2: the first two
    if (batch.size() < 2) throw lafs::Error("simsiam normalises over the batch, and this one has a single picture");
    at::Tensor z[2], p[2];
    for (int64_t view : {0, 1}) {
      const lafs::Pass pass = step.pass().views(1, view);
      z[view] = projection_->forward(backbone_->forward(views[view], pass), pass);
      p[view] = predictor_->forward(z[view], pass);
    }
    // 1 when the projections point everywhere, 0 when they have collapsed to one point.
    step.reporter.value("projection_spread", lafs::nn::collapse_signs(z[0], z[1]).spread);
    return (distance(p[0], z[1]) + distance(p[1], z[0])) / 2;
  }

 private:
  std::shared_ptr<lafs::Backbone> backbone_;
  std::shared_ptr<Mlp> projection_, predictor_;
};

}  // namespace

LAFS_PLUGIN(registrar) {
  registrar.add<SimSiam>("simsiam", "two views agree through a predictor, without negatives or a teacher (Chen and He 2021)");
}
