#include <vector>

#include <torch/types.h>

#include "lafs/optimizer.h"
#include "lafs/plugin.h"
#include "nn/train/optimizer_walk.h"

namespace {

/// direction <- momentum direction + gradient + decay p; p <- p - lr direction. `OptimizerWalk` keeps a tensor of state for each
/// parameter, names it in checkpoints, and leaves out parameters that have no gradient in a step.
class MyPlugin final : public lafs::Optimizer {
 public:
  struct Options {
    double momentum = 0.9;

    void declare(lafs::Params& p) { p("momentum", momentum, lafs::in(0, 1), "share of the previous direction that is kept"); }
  };

  MyPlugin(const Options& options, const lafs::ParameterGroups& groups) : options_(options), walk_(groups, {{"direction"}}) {}

  void step() override {
    walk_.step([&](const lafs::ParameterGroup& group, lafs::nn::LiveGroup& live) {
      const std::vector<at::Tensor>& directions = live.slots[0];
      at::_foreach_mul_(directions, options_.momentum);
      at::_foreach_add_(directions, live.gradients);
      if (group.weight_decay() != 0) at::_foreach_add_(directions, live.parameters, group.weight_decay());
      at::_foreach_add_(live.parameters, directions, -group.lr());
    });
  }
  void visit_state(lafs::StateVisitor& visitor) override { walk_.visit(visitor); }

 private:
  Options options_;
  lafs::nn::OptimizerWalk walk_;
};

}  // namespace

// When a change of yours alters numbers, raise the revision, a last argument: registrar.add<...>("my_plugin", "...", 2). Runs that are
// finished are then not taken for runs of the new code.
LAFS_PLUGIN(registrar) { registrar.add<MyPlugin>("my_plugin", "gradient descent with momentum"); }
