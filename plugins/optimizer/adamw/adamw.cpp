#include <torch/types.h>

#include "lafs/optimizer.h"
#include "lafs/plugin.h"
#include "nn/train/fused_update.h"
#include "nn/train/optimizer_walk.h"

namespace {

struct Options {
  double beta1 = 0.9, beta2 = 0.999, eps = 1e-8;

  void declare(lafs::Params& p) {
    p("beta1", beta1, lafs::in(0, 0.999999), "decay of the first moment");
    p("beta2", beta2, lafs::in(0, 0.999999999), "decay of the second moment");
    p("eps", eps, lafs::in(1e-30, 1), "added to the root of the second moment");
  }
};

/// p <- p (1 - lr wd), then Adam with bias correction (Loshchilov and Hutter 2019; pretraining.md 7.1): one pass over memory.
class AdamW final : public lafs::Optimizer, public lafs::RowOptimizer {
 public:
  using Options = ::Options;

  AdamW(const Options& options, const lafs::ParameterGroups& groups)
      : options_(options), walk_(groups, {{"step", false}, {"exp_avg"}, {"exp_avg_sq"}}) {}

  void step() override {
    walk_.step(
        [&](const lafs::ParameterGroup& group, lafs::nn::LiveGroup& live) {
          lafs::nn::adamw_step(live.parameters, live.gradients, live.slots[1], live.slots[2], live.slots[0], numbers(group));
        },
        this);
  }
  void update_rows(const lafs::ParameterGroup& group, const lafs::RowUpdate& update) override {
    lafs::nn::adamw_rows(update.parameter, update.rows, update.values, update.slots[1], update.slots[2], update.slots[0], numbers(group));
  }

  void visit_state(lafs::StateVisitor& visitor) override { walk_.visit(visitor); }

 private:
  lafs::nn::AdamWNumbers numbers(const lafs::ParameterGroup& group) const {
    return {group.lr(), group.weight_decay(), options_.beta1, options_.beta2, options_.eps};
  }

  Options options_;
  lafs::nn::OptimizerWalk walk_;
};

}  // namespace

LAFS_PLUGIN(registrar) { registrar.add<AdamW>("adamw", "Adam with decoupled weight decay (Loshchilov and Hutter 2019)"); }
