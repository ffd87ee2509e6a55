#include <torch/types.h>

#include "lafs/head.h"
#include "lafs/plugin.h"

namespace {

struct Options {
  double margin = 0.25, scale = 256;

  void declare(lafs::Params& p) {
    p("margin", margin, lafs::in(0, 1), "m: target cosines should exceed 1 - m, others stay below m");
    p("scale", scale, lafs::in(1e-3, 1e4), "gamma, which multiplies the weighted cosines");
  }
};

/// Target [1 + m - c]+ (c - 1 + m), others [c + m]+ (c - m), whose brackets have no gradient: circle loss with class vectors (Sun et al.
/// 2020).
class Circle final : public lafs::Head, public lafs::Margin, public lafs::ChangesNegatives {
 public:
  using Options = ::Options;
  Circle(const Options& options, int64_t) : options_(options) {}

  double scale() const override { return options_.scale; }
  at::Tensor target(const lafs::TargetRows& rows, const lafs::Pass&) override {
    const double m = options_.margin;
    return (1 + m - rows.cosines.detach()).clamp_min(0) * (rows.cosines - (1 - m));
  }
  at::Tensor negatives(const at::Tensor& cosines, const at::Tensor&, const lafs::Pass&) override {
    return (cosines.detach() + options_.margin).clamp_min(0) * (cosines - options_.margin);
  }

 private:
  Options options_;
};

}  // namespace

LAFS_PLUGIN(registrar) {
  registrar.add<Circle>("circle",
                        "circle loss with class vectors: every cosine is weighted by how far it is from its goal (Sun et al. 2020)");
}
