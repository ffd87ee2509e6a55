#include <fmt/format.h>
#include <torch/types.h>

#include "lafs/error.h"
#include "lafs/head.h"
#include "lafs/plugin.h"
#include "nn/loss/arc_margin.h"

namespace {

struct Options {
  double m1 = 1, m2 = 0.5, m3 = 0, filter = 0, scale = 64;
  std::string formula = "by_case";

  void declare(lafs::Params& p) {
    p("m1", m1, lafs::in(0.1, 4), "multiplies the target angle");
    p("m2", m2, lafs::in(0, 3), "added to the target angle, in radians");
    p("m3", m3, lafs::in(0, 2), "subtracted from the target cosine");
    p("filter", filter, lafs::in(0, 1), "cosines of other classes above this become 0, as of wrong labels; 0: none");
    p("scale", scale, lafs::in(1e-3, 1e4), "logits are scale times cosines");
    p.quirk(
        "HD-04", "formula", formula, "by_case", "sum", lafs::one_of({"by_case", "sum"}),
        "by_case: insightface for PyTorch, with an m3 it is CosFace and m1 and m2 do nothing, without it is ArcFace with the slope of the "
        "margin taken as 1, and m1 must be 1; sum: cos(m1 theta + m2) - m3 with its exact slope");
  }
};

/// phi(theta) = cos(m1 theta + m2) - m3 (Deng et al. 2019, equation 4), and inter-class filtering (An et al. 2022).
class Combined final : public lafs::Head, public lafs::Margin, public lafs::ChangesNegatives {
 public:
  using Options = ::Options;
  Combined(const Options& options, int64_t) : options_(options) {
    if (options.formula == "by_case" && options.m3 == 0 && options.m1 != 1) {
      throw lafs::Error(fmt::format("m1 = {} without an m3 is no case of formula \"by_case\"; set formula = \"sum\"", options.m1));
    }
  }

  double scale() const override { return options_.scale; }

  at::Tensor target(const lafs::TargetRows& rows, const lafs::Pass&) override {
    const auto& [m1, m2, m3, filter, scale, formula] = options_;
    if (formula == "by_case" && m3 == 0) return lafs::nn::straight_through_angle(rows.cosines, m2);
    if (formula == "by_case" || (m1 == 1 && m2 == 0)) return rows.cosines - m3;
    return (m1 * rows.cosines.clamp(-1 + 1e-6, 1 - 1e-6).acos() + m2).cos() - m3;
  }

  bool active() const override { return options_.filter > 0; }
  bool elementwise() const override { return true; }
  at::Tensor negatives(const at::Tensor& cosines, const at::Tensor&, const lafs::Pass&) override {
    return options_.filter > 0 ? cosines * (cosines <= options_.filter) : cosines;
  }

 private:
  Options options_;
};

}  // namespace

LAFS_PLUGIN(registrar) {
  registrar.add<Combined>("combined", "margins that multiply, add and subtract, with a filter of other classes (Deng et al. 2019)");
}
