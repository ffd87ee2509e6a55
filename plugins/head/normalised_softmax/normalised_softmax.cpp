#include <torch/types.h>

#include "lafs/head.h"
#include "lafs/plugin.h"

namespace {

struct Options {
  double scale = 64;

  void declare(lafs::Params& p) { p("scale", scale, lafs::in(1e-3, 1e4), "logits are scale times cosines"); }
};

/// phi(c) = c: softmax of scaled cosines (NormFace, Wang et al. 2017).
class NormalisedSoftmax final : public lafs::Head, public lafs::Margin {
 public:
  using Options = ::Options;
  NormalisedSoftmax(const Options& options, int64_t) : options_(options) {}

  double scale() const override { return options_.scale; }
  at::Tensor target(const lafs::TargetRows& rows, const lafs::Pass&) override { return rows.cosines; }

 private:
  Options options_;
};

}  // namespace

LAFS_PLUGIN(registrar) {
  registrar.add<NormalisedSoftmax>("normalised_softmax", "softmax of cosines without a margin (NormFace, Wang et al. 2017)");
}
