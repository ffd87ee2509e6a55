#include <vector>

#include <torch/types.h>

#include "lafs/optimizer.h"
#include "lafs/plugin.h"
#include "nn/train/optimizer_walk.h"

namespace {

struct Options {
  double eta = 0.001, momentum = 0.9;

  void declare(lafs::Params& p) {
    p("eta", eta, lafs::in(1e-12, 1000), "trust coefficient: norm of the adapted gradient divided by the norm of its parameter");
    p("momentum", momentum, lafs::in(0, 1), "share of the previous direction that is kept");
  }
};

/// g <- g + wd p, g <- g eta |p|/|g| (times 1 where either norm is 0); direction <- momentum direction + g; p <- p - lr direction.
/// Vectors, such as biases, are neither decayed nor adapted (You et al. 2017; pretraining.md 7.1).
class Lars final : public lafs::Optimizer {
 public:
  using Options = ::Options;

  Lars(const Options& options, const lafs::ParameterGroups& groups) : options_(options), walk_(groups, {{"mu"}}) {}

  void step() override {
    walk_.step([&](const lafs::ParameterGroup& group, lafs::nn::LiveGroup& live) {
      const std::vector<at::Tensor> update = adapted(live, group.weight_decay());
      at::_foreach_mul_(live.slots[0], options_.momentum);
      at::_foreach_add_(live.slots[0], update);
      at::_foreach_add_(live.parameters, live.slots[0], -group.lr());
    });
  }

  void visit_state(lafs::StateVisitor& visitor) override { walk_.visit(visitor); }

 private:
  std::vector<at::Tensor> adapted(const lafs::nn::LiveGroup& live, double decay) const {
    std::vector<at::Tensor> update = live.gradients, parameters, gradients;
    for (size_t i = 0; i < update.size(); ++i) {
      if (update[i].dim() == 1) continue;
      parameters.push_back(live.parameters[i]);
      gradients.push_back(update[i]);
    }
    if (parameters.empty()) return update;
    gradients = at::_foreach_add(gradients, parameters, decay);
    // The factors stay on the device: reading a norm would wait for it.
    const at::Tensor lengths = at::stack(at::_foreach_norm(parameters)), slopes = at::stack(at::_foreach_norm(gradients));
    const at::Tensor adaptable = at::logical_and(lengths > 0, slopes > 0);
    const at::Tensor factors = at::where(adaptable, lengths * options_.eta / slopes, at::ones_like(lengths));
    at::_foreach_mul_(gradients, factors.unbind());
    for (size_t i = 0, next = 0; i < update.size(); ++i) {
      if (update[i].dim() != 1) update[i] = gradients[next++];
    }
    return update;
  }

  Options options_;
  lafs::nn::OptimizerWalk walk_;
};

}  // namespace

LAFS_PLUGIN(registrar) { registrar.add<Lars>("lars", "momentum with a learning rate for each tensor (You et al. 2017)"); }
