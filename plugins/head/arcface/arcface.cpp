#include <torch/types.h>

#include "lafs/head.h"
#include "lafs/plugin.h"
#include "nn/loss/arc_margin.h"

namespace {

/// phi(theta) = cos(theta + m) (ArcFace, Deng et al. 2019) in the three formulations of heads.md 3.1.
class ArcFace final : public lafs::Head, public lafs::Margin {
 public:
  using Options = lafs::nn::ArcMargin;
  ArcFace(const Options& options, int64_t) : arc_(options) {}

  double scale() const override { return arc_.scale; }
  at::Tensor target(const lafs::TargetRows& rows, const lafs::Pass&) override { return arc_.target(rows.cosines); }

 private:
  Options arc_;
};

}  // namespace

LAFS_PLUGIN(registrar) { registrar.add<ArcFace>("arcface", "additive angular margin (ArcFace, Deng et al. 2019)"); }
