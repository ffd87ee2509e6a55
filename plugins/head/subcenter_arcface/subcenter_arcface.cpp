#include <torch/types.h>

#include "lafs/head.h"
#include "lafs/plugin.h"
#include "nn/loss/arc_margin.h"

namespace {

struct Options {
  int64_t centers = 3;
  lafs::nn::ArcMargin arc;

  void declare(lafs::Params& p) {
    p("centers", centers, lafs::in(1, 64), "class vectors an identity; its cosine is the largest of theirs");
    arc.declare(p);
  }
};

/// ArcFace on the nearest of several class vectors an identity (Sub-center ArcFace, Deng et al. 2020).
class SubcenterArcFace final : public lafs::Head, public lafs::Margin, public lafs::SubCentered {
 public:
  using Options = ::Options;
  SubcenterArcFace(const Options& options, int64_t) : options_(options) {}

  int64_t sub_centers() const override { return options_.centers; }
  double scale() const override { return options_.arc.scale; }
  at::Tensor target(const lafs::TargetRows& rows, const lafs::Pass&) override { return options_.arc.target(rows.cosines); }

 private:
  Options options_;
};

}  // namespace

LAFS_PLUGIN(registrar) {
  registrar.add<SubcenterArcFace>("subcenter_arcface", "ArcFace on the nearest of several class vectors an identity (Deng et al. 2020)");
}
