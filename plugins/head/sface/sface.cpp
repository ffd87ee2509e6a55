#include <torch/types.h>

#include "lafs/head.h"
#include "lafs/plugin.h"

namespace {

struct Options {
  double k = 80, a = 0.8, b = 1.23, scale = 64;
  bool safe = true;

  void declare(lafs::Params& p) {
    p("k", k, lafs::in(0.1, 1e4), "slope of the two sigmoids, for each radian");
    p("a", a, lafs::in(0, 3.2), "target angle in radians below which pulling ends");
    p("b", b, lafs::in(0, 3.2), "angle in radians to another class above which pushing ends");
    p("scale", scale, lafs::in(1e-3, 1e4), "the loss is scale times weighted cosines");
    p("safe", safe, "first clamp cosines to [-1, 1]; false: as published, not a number where rounding exceeds 1 (quirk HD-11)");
  }
};

/// -r_in(theta_y) s c_y + sum_j r_out(theta_j) s c_j, whose weights are sigmoids of the angles without gradient (SFace, Zhong et al. 2021).
class SFace final : public lafs::Head, public lafs::WholeLoss {
 public:
  using Options = ::Options;
  SFace(const Options& options, int64_t) : options_(options) {}

  bool clamp_cosines() const override { return options_.safe; }

  at::Tensor losses(const at::Tensor& cosines, const at::Tensor& labels, const lafs::Pass&) override {
    const at::Tensor theta = cosines.detach().acos();                     // [B,C]
    const at::Tensor column = labels.clamp_min(0).unsqueeze(1);           // [B,1]
    at::Tensor weights = at::sigmoid(options_.k * (options_.b - theta));  // r_out
    const at::Tensor in = at::sigmoid(options_.k * (theta.gather(1, column) - options_.a));
    const at::Tensor out = weights.gather(1, column);
    weights = weights.scatter(1, column, at::where(labels.unsqueeze(1) >= 0, -in, out));
    return options_.scale * (weights * cosines).sum(1);
  }

 private:
  Options options_;
};

}  // namespace

LAFS_PLUGIN(registrar) {
  registrar.add<SFace>("sface", "a loss of its own that stops pulling and pushing at set angles (Zhong et al. 2021)");
}
