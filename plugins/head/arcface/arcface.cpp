#include <cmath>
#include <numbers>
#include <string>
#include <vector>

#include <torch/types.h>

#include "lafs/head.h"
#include "lafs/plugin.h"
#include "nn/layers/function.h"

namespace {

struct Options {
  double margin = 0.5, scale = 64;
  std::string formulation = "straight_through";
  bool safe = true, easy_margin = false;
  double eps = 1e-4;

  void declare(lafs::Params& p) {
    p("margin", margin, lafs::in(0, 3), "added to the target angle, in radians");
    p("scale", scale, lafs::in(1e-3, 1e4), "logits are scale times cosines");
    p.quirk("HD-03", "formulation", formulation, "straight_through", "trig", lafs::one_of({"straight_through", "trig", "acos"}),
            "straight_through: insightface, the slope of the margin is taken as 1; trig: exact slope, continued monotonically beyond pi - "
            "margin; "
            "acos: exact slope with the angle clipped");
    p("safe", safe, "trig: keep the slope finite where the cosine is 1 or -1");
    p("easy_margin", easy_margin, "trig: the margin acts on positive cosines only, without continuation");
    p("eps", eps, lafs::in(1e-7, 0.1), "acos: distance kept from the ends of cosine and angle");
  }
};

/// cos(acos(c) + m) forward, the identity backward (quirk HD-03).
struct StraightThrough {
  static at::Tensor forward(torch::autograd::AutogradContext*, const at::Tensor& cosines, double margin) {
    return (cosines.acos() + margin).cos();
  }
  static std::vector<at::Tensor> backward(torch::autograd::AutogradContext*, const at::Tensor& gradient) { return {gradient, {}}; }
};

/// phi(theta) = cos(theta + m) (ArcFace, Deng et al. 2019) in the three formulations of heads.md 3.1.
class ArcFace final : public lafs::Head, public lafs::Margin {
 public:
  using Options = ::Options;
  ArcFace(const Options& options, int64_t) : options_(options) {}

  double scale() const override { return options_.scale; }

  at::Tensor target(const lafs::TargetRows& rows, const lafs::Pass&) override {
    if (options_.formulation == "straight_through") return lafs::nn::Function<StraightThrough>::apply(rows.cosines, options_.margin);
    return options_.formulation == "trig" ? trig(rows.cosines) : acos(rows.cosines);
  }

 private:
  at::Tensor trig(const at::Tensor& c) const {
    const double m = options_.margin;
    at::Tensor square = 1 - c * c;
    if (options_.safe) square = square.clamp_min(1e-7);
    const at::Tensor u = c * std::cos(m) - square.sqrt() * std::sin(m);
    if (options_.easy_margin) return at::where(c > 0, u, c);
    const double rest = std::numbers::pi - m;
    return at::where(c > std::cos(rest), u, c - m * std::sin(rest));
  }

  at::Tensor acos(const at::Tensor& c) const {
    const double eps = options_.eps;
    return (c.clamp(-1 + eps, 1 - eps).acos() + options_.margin).clamp(eps, std::numbers::pi - eps).cos();
  }

  Options options_;
};

}  // namespace

LAFS_PLUGIN(registrar) { registrar.add<ArcFace>("arcface", "additive angular margin (ArcFace, Deng et al. 2019)"); }
