#include <torch/types.h>

#include "lafs/error.h"
#include "lafs/head.h"
#include "lafs/plugin.h"
#include "nn/loss/arc_margin.h"

namespace {

/// ArcFace whose margin grows, without gradient, with the hard other classes, which count more (NPCFace, Zeng et al. 2020).
class NpcFace final : public lafs::Head, public lafs::Margin, public lafs::ChangesNegatives {
 public:
  struct Options {
    double m0 = 0.4, m1 = 0.2, hard_margin = 0.5, t = 1.1, a = 0.2, scale = 64;
    bool safe = true;

    void declare(lafs::Params& p) {
      p("m0", m0, lafs::in(0, 2), "added to the target angle, in radians");
      p("m1", m1, lafs::in(0, 1), "this times the mean cosine of the hard other classes is added too");
      p("hard_margin", hard_margin, lafs::in(0, 2), "other classes are hard above the cosine of the target angle and this");
      p("t", t, lafs::in(1, 4), "hard cosines c count as t c + a");
      p("a", a, lafs::in(0, 2), "hard cosines c count as t c + a");
      p("scale", scale, lafs::in(1e-3, 1e4), "logits are scale times cosines");
      p("safe", safe, "keep the slope finite where the cosine is 1 or -1");
    }
  };

  NpcFace(const Options& options, int64_t) : options_(options) {}

  double scale() const override { return options_.scale; }

  at::Tensor negatives(const at::Tensor& cosines, const at::Tensor& target_cosines, const lafs::Pass&) override {
    const at::Tensor target = target_cosines.detach();
    const at::Tensor limit = lafs::nn::added_angle(target, options_.hard_margin, options_.safe);  // [B]
    const at::Tensor hard = cosines > limit.unsqueeze(1);                                         // [B,C], with the target's column
    const at::Tensor own = target > limit;
    const at::Tensor sum = (cosines.detach() * hard).sum(1) - target * own, count = hard.sum(1) - own.to(at::kLong);
    hard_mean_ = at::where(count > 0, sum / count.clamp_min(1), 0);
    return at::where(hard, options_.t * cosines + options_.a, cosines);
  }

  at::Tensor target(const lafs::TargetRows& rows, const lafs::Pass&) override {
    const at::Tensor& c = rows.cosines;
    if (!hard_mean_.defined() || c.numel() == 0) return lafs::nn::eased_angle(c, options_.m0, options_.safe);
    if (hard_mean_.sizes() != c.sizes()) throw lafs::Error("npcface needs the target class of every row");
    return lafs::nn::eased_angle(c, options_.m0 + options_.m1 * hard_mean_, options_.safe);
  }

 private:
  Options options_;
  at::Tensor hard_mean_;  // [B] of this loss: the mean cosine of the hard other classes, 0 where there are none
};

}  // namespace

LAFS_PLUGIN(registrar) {
  registrar.add<NpcFace>("npcface", "ArcFace with more margin and weight where other classes are hard (Zeng et al. 2020)");
}
