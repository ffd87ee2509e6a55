#include <torch/nn/module.h>
#include <torch/types.h>

#include "lafs/head.h"
#include "lafs/plugin.h"
#include "nn/loss/arc_margin.h"

namespace {

/// (lambda c + psi) / (1 + lambda), psi = (-1)^k cos(m theta) - 2k, k = floor(m theta / pi) (SphereFace, Liu et al. 2017).
class SphereFace final : public torch::nn::Module,
                         public lafs::Head,
                         public lafs::Margin,
                         public lafs::NormGradient,
                         public lafs::Statistical {
 public:
  struct Options {
    double margin = 4, scale = 0;
    std::string annealing = "clcarwin", counts = "calls";

    void declare(lafs::Params& p) {
      p("margin", margin, lafs::in(1, 8), "multiplies the target angle; with a fixed scale usually between 1 and 2");
      p("scale", scale, lafs::in(0, 1e4), "0: logits are cosines times the norm of the embedding, as published; else this times cosines");
      p("annealing", annealing, lafs::one_of({"clcarwin", "face_evolve", "none"}),
        "weight lambda of the plain cosine beside the margin's: max(5, 1500 / (1 + 0.1 t)), max(5, 1000 / (1 + 0.12 t)), or 0");
      p.quirk("HD-05", "counts", counts, "calls", "steps", lafs::one_of({"calls", "steps"}), "what t counts: losses, or optimizer steps");
    }
  };

  SphereFace(const Options& options, int64_t) : options_(options), counted_(register_buffer("counted", torch::zeros({1}, at::kLong))) {}

  bool scales_by_norm() const override { return options_.scale == 0; }
  double scale() const override { return scales_by_norm() ? 1 : options_.scale; }
  void observe(const lafs::TargetRows&, const lafs::Pass&) override { ++calls_; }
  void after_update(const lafs::Step&) override {
    counted_.add_(options_.counts == "calls" ? calls_ : 1);
    calls_ = 0;
  }

  at::Tensor target(const lafs::TargetRows& rows, const lafs::Pass& pass) override {
    const at::Tensor& c = rows.cosines;
    const at::Tensor psi = lafs::nn::multiplied_angle(c, options_.margin);
    if (options_.annealing == "none") return psi;
    const bool clcarwin = options_.annealing == "clcarwin";
    const at::Tensor t = (counted_ + (pass.training ? 1 : 0)).to(c.scalar_type());
    const at::Tensor lambda = ((clcarwin ? 1500 : 1000) / (1 + (clcarwin ? 0.1 : 0.12) * t)).clamp_min(5);
    return c + (psi - c) / (1 + lambda);
  }

 private:
  Options options_;
  at::Tensor counted_;  // [1]
  int64_t calls_ = 0;   // since the last step
};

}  // namespace

LAFS_PLUGIN(registrar) { registrar.add<SphereFace>("sphereface", "a margin that multiplies the angle, annealed (Liu et al. 2017)"); }
