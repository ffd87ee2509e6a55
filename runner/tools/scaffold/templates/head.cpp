#include <torch/types.h>

#include "lafs/head.h"
#include "lafs/plugin.h"

namespace {

/// phi = cos(theta) - margin: the rule that turns a target's cosine into its logit. The class matrix, the softmax and the sampling of
/// classes are not a head's business.
class MyPlugin final : public lafs::Head, public lafs::Margin {
 public:
  struct Options {
    double scale = 64, margin = 0.35;

    void declare(lafs::Params& p) {
      p("scale", scale, lafs::at_least(1), "logits are this times the cosine");
      p("margin", margin, lafs::in(0, 1), "taken from the cosine of the target");
    }
  };

  MyPlugin(const Options& options, int64_t /*identities*/) : options_(options) {}

  double scale() const override { return options_.scale; }
  at::Tensor target(const lafs::TargetRows& rows, const lafs::Pass&) override { return rows.cosines - options_.margin; }  // [M]

 private:
  Options options_;
};

}  // namespace

// When a change of yours alters numbers, raise the revision, a last argument: registrar.add<...>("my_plugin", "...", 2). Runs that are
// finished are then not taken for runs of the new code.
LAFS_PLUGIN(registrar) { registrar.add<MyPlugin>("my_plugin", "a margin that is taken from the cosine"); }
