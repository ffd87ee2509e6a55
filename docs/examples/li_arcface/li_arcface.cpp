// Li-ArcFace: a logit that falls linearly with the angle (Li et al., AirFace, ICCV workshops 2019, equation 5).
#include <numbers>

#include <torch/types.h>

#include "lafs/head.h"
#include "lafs/plugin.h"

namespace {

/// phi = (pi - 2 (theta + m)) / pi. The slope of the angle is infinite at cosines of -1 and 1: it is taken a little inside.
class LiArcFace final : public lafs::Head, public lafs::Margin, public lafs::ChangesNegatives {
 public:
  struct Options {
    double scale = 64, margin = 0.45;

    void declare(lafs::Params& p) {
      p("scale", scale, lafs::at_least(1), "logits are this times the linear function of the angle");
      p("margin", margin, lafs::in(0, 1), "radians added to the angle to the target");
    }
  };

  LiArcFace(const Options& options, int64_t /*identities*/) : options_(options) {}

  double scale() const override { return options_.scale; }
  at::Tensor target(const lafs::TargetRows& rows, const lafs::Pass&) override { return linear(rows.cosines, options_.margin); }
  at::Tensor negatives(const at::Tensor& cosines, const at::Tensor& /*target_cosines*/, const lafs::Pass&) override {
    return linear(cosines, 0);
  }

 private:
  static at::Tensor linear(const at::Tensor& cosines, double margin) {
    return 1 - (at::acos(cosines.clamp(-1 + 1e-6, 1 - 1e-6)) + margin) * (2 / std::numbers::pi);
  }

  Options options_;
};

}  // namespace

LAFS_PLUGIN(registrar) { registrar.add<LiArcFace>("li_arcface", "a margin on logits that are linear in the angle (Li et al. 2019)"); }
