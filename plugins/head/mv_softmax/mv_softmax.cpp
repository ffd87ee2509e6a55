#include <string>

#include <torch/types.h>

#include "lafs/head.h"
#include "lafs/plugin.h"
#include "nn/loss/arc_margin.h"

namespace {

struct Options {
  std::string rule = "am";
  double margin = 0.35, t = 1.12, scale = 32;
  bool safe = true;

  void declare(lafs::Params& p) {
    p("rule", rule, lafs::one_of({"am", "arc"}), "am: the margin is subtracted from the cosine; arc: added to the angle");
    p("margin", margin, lafs::in(0, 2), "of the target");
    p("t", t, lafs::in(1, 4), "cosines c of other classes that exceed the target's with its margin count as t c + t - 1");
    p("scale", scale, lafs::in(1e-3, 1e4), "logits are scale times cosines");
    p("safe", safe, "arc: keep the slope finite where the cosine is 1 or -1");
  }
};

/// A margin beside which misclassified samples raise the cosines of the classes in their way (MV-Softmax, Wang et al. 2020).
class MvSoftmax final : public lafs::Head, public lafs::Margin, public lafs::ChangesNegatives {
 public:
  using Options = ::Options;
  MvSoftmax(const Options& options, int64_t) : options_(options) {}

  double scale() const override { return options_.scale; }
  at::Tensor target(const lafs::TargetRows& rows, const lafs::Pass&) override {
    const double least = options_.rule == "am" ? options_.margin : 0;
    return at::where(rows.cosines > least, with_margin(rows.cosines), rows.cosines);
  }
  bool elementwise() const override { return true; }
  at::Tensor negatives(const at::Tensor& cosines, const at::Tensor& target_cosines, const lafs::Pass&) override {
    const at::Tensor limit = with_margin(target_cosines.detach()).unsqueeze(1);  // [B,1]
    return at::where(cosines > limit, options_.t * cosines + (options_.t - 1), cosines);
  }

 private:
  at::Tensor with_margin(const at::Tensor& c) const {
    return options_.rule == "am" ? c - options_.margin : lafs::nn::added_angle(c, options_.margin, options_.safe);
  }

  Options options_;
};

}  // namespace

LAFS_PLUGIN(registrar) {
  registrar.add<MvSoftmax>("mv_softmax", "a margin that also weighs the classes a sample is mistaken for (MV-Softmax, Wang et al. 2020)");
}
