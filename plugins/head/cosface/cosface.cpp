#include <torch/types.h>

#include "lafs/head.h"
#include "lafs/plugin.h"

namespace {

struct Options {
  double margin = 0.4, scale = 64;
  bool clamp = false;

  void declare(lafs::Params& p) {
    p("margin", margin, lafs::in(0, 2), "subtracted from the target cosine");
    p("scale", scale, lafs::in(1e-3, 1e4), "logits are scale times cosines");
    p("clamp", clamp, "first clamp cosines to [-1, 1], as insightface does");
  }
};

/// phi(c) = c - m (CosFace, Wang et al. 2018).
class CosFace final : public lafs::Head, public lafs::Margin {
 public:
  using Options = ::Options;
  CosFace(const Options& options, int64_t) : options_(options) {}

  double scale() const override { return options_.scale; }
  bool clamp_cosines() const override { return options_.clamp; }
  at::Tensor target(const lafs::TargetRows& rows, const lafs::Pass&) override { return rows.cosines - options_.margin; }

 private:
  Options options_;
};

}  // namespace

LAFS_PLUGIN(registrar) { registrar.add<CosFace>("cosface", "additive cosine margin (CosFace, Wang et al. 2018)"); }
