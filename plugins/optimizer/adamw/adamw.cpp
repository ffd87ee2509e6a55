#include <string>
#include <vector>

#include <torch/types.h>

#include "lafs/optimizer.h"
#include "lafs/plugin.h"

namespace {

struct Options {
  double beta1 = 0.9, beta2 = 0.999, eps = 1e-8;

  void declare(lafs::Params& p) {
    p("beta1", beta1, lafs::in(0, 0.999999), "decay of the first moment");
    p("beta2", beta2, lafs::in(0, 0.999999999), "decay of the second moment");
    p("eps", eps, lafs::in(0, 1), "added to the root of the second moment");
  }
};

/// p <- p (1 - lr wd), then Adam with bias correction (Loshchilov and Hutter 2019; pretraining.md 7.1): one fused call a group.
class AdamW final : public lafs::Optimizer {
 public:
  using Options = ::Options;

  AdamW(const Options& options, const lafs::ParameterGroups& groups) : options_(options), groups_(groups) {
    for (const auto& group : groups_) {
      for (size_t i = 0; i < group->names().size(); ++i) {
        const at::Tensor& p = group->parameters()[i];
        const auto wide = p.options().dtype(at::kFloat).requires_grad(false);
        slots_.push_back({group->names()[i], at::zeros({}, wide), at::zeros_like(p, wide), at::zeros_like(p, wide)});
      }
    }
  }

  void step() override {
    const at::NoGradGuard no_grad;
    size_t first = 0;
    for (const auto& group : groups_) {
      step_group(*group, first);
      first += group->parameters().size();
    }
  }

  void visit_state(lafs::StateVisitor& visitor) override {
    for (Slot& slot : slots_) {
      visitor.tensor(slot.name, "step", slot.step, false);
      visitor.tensor(slot.name, "exp_avg", slot.first, true);
      visitor.tensor(slot.name, "exp_avg_sq", slot.second, true);
    }
  }

 private:
  struct Slot {
    std::string name;
    at::Tensor step, first, second;
  };

  void step_group(const lafs::ParameterGroup& group, size_t slot) {
    std::vector<at::Tensor> parameters, gradients, firsts, seconds, steps;
    for (size_t i = 0; i < group.parameters().size(); ++i) {
      const at::Tensor& p = group.parameters()[i];
      if (!p.grad().defined()) continue;
      Slot& s = slots_[slot + i];
      parameters.push_back(p);
      gradients.push_back(p.grad());
      firsts.push_back(s.first);
      seconds.push_back(s.second);
      steps.push_back(s.step);
    }
    if (parameters.empty()) return;
    at::_foreach_add_(steps, 1);
    at::_fused_adamw_(parameters, gradients, firsts, seconds, {}, steps, group.lr(), options_.beta1, options_.beta2, group.weight_decay(),
                      options_.eps, false, false);
  }

  Options options_;
  lafs::ParameterGroups groups_;
  std::vector<Slot> slots_;
};

}  // namespace

LAFS_PLUGIN(registrar) { registrar.add<AdamW>("adamw", "Adam with decoupled weight decay (Loshchilov and Hutter 2019)"); }
