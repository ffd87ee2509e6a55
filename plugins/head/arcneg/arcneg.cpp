#include <torch/types.h>

#include "lafs/head.h"
#include "lafs/plugin.h"
#include "nn/loss/arc_margin.h"

namespace {

struct Options {
  double margin = 0.5, alpha = 1.2, sigma = 2, scale = 64;
  bool safe = true;

  void declare(lafs::Params& p) {
    p("margin", margin, lafs::in(0, 3), "added to the target angle, in radians");
    p("alpha", alpha, lafs::in(0.1, 10), "largest weight of another class");
    p("sigma", sigma, lafs::in(1e-3, 100), "width of the weight: exp(-d^2 / sigma) at distance d from the target");
    p("scale", scale, lafs::in(1e-3, 1e4), "logits are scale times cosines");
    p("safe", safe, "keep the slope finite where the cosine is 1 or -1");
  }
};

/// ArcFace in which cosines c of other classes count as r c + r - 1, r the larger the closer c is to the target (Liu et al. 2019).
class ArcNegFace final : public lafs::Head, public lafs::Margin, public lafs::ChangesNegatives {
 public:
  using Options = ::Options;
  ArcNegFace(const Options& options, int64_t) : options_(options) {}

  double scale() const override { return options_.scale; }
  at::Tensor target(const lafs::TargetRows& rows, const lafs::Pass&) override { return phi(rows.cosines); }
  bool elementwise() const override { return true; }
  at::Tensor negatives(const at::Tensor& cosines, const at::Tensor& target_cosines, const lafs::Pass&) override {
    const at::Tensor away = cosines - phi(target_cosines).unsqueeze(1);  // [B,C]
    const at::Tensor r = options_.alpha * (away * away / -options_.sigma).exp();
    return r * cosines + r - 1;
  }

 private:
  at::Tensor phi(const at::Tensor& c) const { return lafs::nn::continued_angle(c, options_.margin, options_.safe); }

  Options options_;
};

}  // namespace

LAFS_PLUGIN(registrar) {
  registrar.add<ArcNegFace>("arcneg", "ArcFace that weighs other classes by how close they are to the target (Liu et al. 2019)");
}
