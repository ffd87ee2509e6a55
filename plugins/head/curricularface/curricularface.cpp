#include <torch/nn/module.h>
#include <torch/types.h>

#include "lafs/head.h"
#include "lafs/plugin.h"
#include "nn/loss/arc_margin.h"
#include "nn/loss/running_mean.h"

namespace {

/// ArcFace in which cosines c of other classes that exceed the target's count as c (t + c) (CurricularFace, Huang et al. 2020).
class CurricularFace final : public torch::nn::Module,
                             public lafs::Head,
                             public lafs::Margin,
                             public lafs::ChangesNegatives,
                             public lafs::Statistical {
 public:
  struct Options {
    double margin = 0.5, t_alpha = 0.01, scale = 64;
    bool safe = true;
    std::string t_from = "each_call";

    void declare(lafs::Params& p) {
      p("margin", margin, lafs::in(0, 3), "added to the target angle, in radians");
      p("t_alpha", t_alpha, lafs::in(0, 1), "share of a batch in t, the running mean of the target cosines");
      p("scale", scale, lafs::in(1e-3, 1e4), "logits are scale times cosines");
      p("safe", safe, "keep the slope finite where the cosine is 1 or -1");
      p.quirk("HD-07", "t_from", t_from, "each_call", "all_ranks", lafs::one_of({"each_call", "all_ranks"}),
              "each_call: each micro-batch moves the t of its rank, and the first rank's is saved; all_ranks: each step moves one t");
    }
  };

  CurricularFace(const Options& options, int64_t) : options_(options), t_(register_buffer("t", torch::zeros({1})), options.t_alpha) {}

  double scale() const override { return options_.scale; }
  at::Tensor target(const lafs::TargetRows& rows, const lafs::Pass&) override {
    return lafs::nn::continued_angle(rows.cosines, options_.margin, options_.safe);
  }
  bool elementwise() const override { return true; }
  at::Tensor negatives(const at::Tensor& cosines, const at::Tensor& target_cosines, const lafs::Pass& pass) override {
    const at::Tensor limit = lafs::nn::added_angle(target_cosines.detach(), options_.margin, options_.safe).unsqueeze(1);  // [B,1]
    return at::where(cosines > limit, cosines * (t_.value(pass) + cosines), cosines);
  }

  void observe(const lafs::TargetRows& rows, const lafs::Pass& pass) override {
    const auto [count, mean, deviation] = lafs::nn::moments(rows.cosines, per_call() ? nullptr : pass.collective);
    t_.observe(mean, count > 0);
  }
  void after_update(const lafs::Step&) override { per_call() ? t_.write_each() : t_.write(); }

 private:
  bool per_call() const { return options_.t_from == "each_call"; }

  Options options_;
  lafs::nn::RunningMean t_;
};

}  // namespace

LAFS_PLUGIN(registrar) {
  registrar.add<CurricularFace>("curricularface", "ArcFace that weighs hard classes more and more (Huang et al. 2020)");
}
