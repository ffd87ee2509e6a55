#include <vector>

#include <torch/types.h>

#include "lafs/error.h"
#include "lafs/optimizer.h"
#include "lafs/plugin.h"
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
class Sgd final : public lafs::Optimizer {
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
    walk_.step([&](const lafs::ParameterGroup& group, lafs::nn::LiveGroup& live) {
      std::vector<at::Tensor> update = live.gradients;
      if (group.weight_decay() != 0) update = at::_foreach_add(live.gradients, live.parameters, group.weight_decay());
      if (!live.slots.empty()) {
        const std::vector<at::Tensor>& directions = live.slots[0];
        at::_foreach_mul_(directions, options_.momentum);
        at::_foreach_add_(directions, update, 1 - options_.dampening);
        update = options_.nesterov ? at::_foreach_add(update, directions, options_.momentum) : directions;
      }
      at::_foreach_add_(live.parameters, update, -group.lr());
    });
  }

  void visit_state(lafs::StateVisitor& visitor) override { walk_.visit(visitor); }

 private:
  Options options_;
  lafs::nn::OptimizerWalk walk_;
};

}  // namespace

LAFS_PLUGIN(registrar) { registrar.add<Sgd>("sgd", "stochastic gradient descent with momentum and coupled weight decay"); }
