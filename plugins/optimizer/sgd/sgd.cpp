#include <vector>

#include <torch/types.h>

#include "lafs/error.h"
#include "lafs/optimizer.h"
#include "lafs/plugin.h"
#include "nn/train/fused_update.h"
#include "nn/train/optimizer_walk.h"

namespace {

struct Options {
  double momentum = 0.9, dampening = 0;
  bool nesterov = false;

  void declare(lafs::Params& p) {
    p("momentum", momentum, lafs::in(0, 1), "share of the previous direction that is kept");
    p("dampening", dampening, lafs::in(0, 1), "share of the gradient left out of the momentum buffer, also in the first step");
    p("nesterov", nesterov, "look ahead along the direction; needs a momentum and no dampening");
  }
};

std::vector<lafs::nn::StateSlot> slots_of(const Options& options) {
  if (options.momentum > 0) return {{"momentum"}};
  return {};
}

/// g <- g + wd p; direction <- momentum direction + (1 - dampening) g; p <- p - lr direction (pretraining.md 7.1).
class Sgd final : public lafs::Optimizer, public lafs::RowOptimizer {
 public:
  using Options = ::Options;

  Sgd(const Options& options, const lafs::ParameterGroups& groups) : options_(options), walk_(groups, slots_of(options)) {
    if (options.nesterov && (options.momentum <= 0 || options.dampening != 0)) {
      throw lafs::Error("nesterov needs a momentum above 0 and a dampening of 0");
    }
    if (options.momentum > 0 && options.dampening == 1) {
      throw lafs::Error("dampening = 1 leaves every gradient out, and nothing trains; write 0 for none");
    }
  }

  void step() override {
    walk_.step(
        [&](const lafs::ParameterGroup& group, lafs::nn::LiveGroup& live) {
          lafs::nn::momentum_step(live.parameters, live.gradients, live.slots.empty() ? std::vector<at::Tensor>() : live.slots[0],
                                  numbers(group));
        },
        this);
  }
  void update_rows(const lafs::ParameterGroup& group, const lafs::RowUpdate& update) override {
    lafs::nn::momentum_rows(update.parameter, update.rows, update.values, update.slots.empty() ? at::Tensor() : update.slots[0],
                            numbers(group));
  }

  void visit_state(lafs::StateVisitor& visitor) override { walk_.visit(visitor); }

 private:
  lafs::nn::MomentumNumbers numbers(const lafs::ParameterGroup& group) const {
    return {group.lr(), group.weight_decay(), options_.momentum, options_.dampening, options_.nesterov};
  }

  Options options_;
  lafs::nn::OptimizerWalk walk_;
};

}  // namespace

LAFS_PLUGIN(registrar) { registrar.add<Sgd>("sgd", "stochastic gradient descent with momentum and coupled weight decay", 2); }
