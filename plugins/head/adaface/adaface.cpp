#include <numbers>

#include <torch/nn/module.h>
#include <torch/types.h>

#include "lafs/head.h"
#include "lafs/plugin.h"
#include "nn/loss/running_mean.h"

namespace {

struct Options {
  double margin = 0.4, h = 0.333, t_alpha = 0.01, scale = 64;

  void declare(lafs::Params& p) {
    p("margin", margin, lafs::in(0, 2), "m: at an average norm it is subtracted from the target cosine");
    p("h", h, lafs::in(0, 10), "norms this many deviations from the mean count as 1; smaller: the norm says more");
    p("t_alpha", t_alpha, lafs::in(0, 1), "share of a batch in the running mean and deviation of the norms");
    p("scale", scale, lafs::in(1e-3, 1e4), "logits are scale times cosines");
  }
};

/// phi(theta) = cos(theta - m k) - (m + m k), where k in [-1, 1] says how far the norm is from the mean (AdaFace, Kim et al. 2022).
class AdaFace final : public torch::nn::Module, public lafs::Head, public lafs::Margin, public lafs::Statistical {
 public:
  using Options = ::Options;
  AdaFace(const Options& options, int64_t)
      : options_(options),
        mean_(register_buffer("batch_mean", torch::full({1}, 20.0)), options.t_alpha),
        std_(register_buffer("batch_std", torch::full({1}, 100.0)), options.t_alpha) {}

  double scale() const override { return options_.scale; }

  void observe(const lafs::TargetRows& rows, const lafs::Pass& pass) override {
    const auto [count, mean, deviation] = lafs::nn::moments(rows.norms.clamp(1e-3, 100), pass.collective);
    mean_.observe(mean, count > 0);
    std_.observe(deviation, count > 1);
  }
  void after_update(const lafs::Step&) override { mean_.write(), std_.write(); }

  at::Tensor target(const lafs::TargetRows& rows, const lafs::Pass& pass) override {
    const double m = options_.margin;
    const at::Tensor norms = rows.norms.detach().clamp(1e-3, 100);
    const at::Tensor k = (options_.h * (norms - mean_.value(pass)) / (std_.value(pass) + 1e-3)).clamp(-1, 1);
    const at::Tensor theta = rows.cosines.clamp(-1 + 1e-3, 1 - 1e-3).acos();
    return (theta - m * k).clamp(1e-3, std::numbers::pi - 1e-3).cos() - (m + m * k);
  }

 private:
  Options options_;
  lafs::nn::RunningMean mean_, std_;
};

}  // namespace

LAFS_PLUGIN(registrar) {
  registrar.add<AdaFace>("adaface", "a margin that the norm of the embedding chooses, as a measure of quality (Kim et al. 2022)");
}
