#include <string>
#include <vector>

#include <torch/types.h>

#include "lafs/error.h"
#include "lafs/optimizer.h"
#include "lafs/plugin.h"

namespace {

struct Options {
  double momentum = 0.9, dampening = 0;
  bool nesterov = false;

  void declare(lafs::Params& p) {
    p("momentum", momentum, lafs::in(0, 1), "share of the last direction that is kept");
    p("dampening", dampening, lafs::in(0, 1), "share of the gradient that the direction leaves out, from the first step on");
    p("nesterov", nesterov, "look ahead along the direction; needs a momentum and no dampening");
  }
};

/// g <- g + wd p; direction <- momentum direction + (1 - dampening) g; p <- p - lr direction (pretraining.md 7.1).
class Sgd final : public lafs::Optimizer {
 public:
  using Options = ::Options;

  Sgd(const Options& options, const lafs::ParameterGroups& groups) : options_(options), groups_(groups) {
    if (options.nesterov && (options.momentum <= 0 || options.dampening != 0)) {
      throw lafs::Error("nesterov needs a momentum above 0 and a dampening of 0");
    }
    if (options.momentum <= 0) return;
    for (const auto& group : groups_) {
      for (size_t i = 0; i < group->names().size(); ++i) {
        const at::Tensor& p = group->parameters()[i];
        directions_.push_back({group->names()[i], at::zeros_like(p, p.options().dtype(at::kFloat).requires_grad(false))});
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
    for (Direction& d : directions_) visitor.tensor(d.name, "momentum", d.value, true);
  }

 private:
  struct Direction {
    std::string name;
    at::Tensor value;
  };

  void step_group(const lafs::ParameterGroup& group, size_t slot) {
    std::vector<at::Tensor> parameters, gradients, directions;
    for (size_t i = 0; i < group.parameters().size(); ++i) {
      const at::Tensor& p = group.parameters()[i];
      if (!p.grad().defined()) continue;
      parameters.push_back(p);
      gradients.push_back(p.grad());
      if (!directions_.empty()) directions.push_back(directions_[slot + i].value);
    }
    if (parameters.empty()) return;
    std::vector<at::Tensor> update = group.weight_decay() != 0 ? at::_foreach_add(gradients, parameters, group.weight_decay()) : gradients;
    if (!directions.empty()) {
      at::_foreach_mul_(directions, options_.momentum);
      at::_foreach_add_(directions, update, 1 - options_.dampening);
      update = options_.nesterov ? at::_foreach_add(update, directions, options_.momentum) : directions;
    }
    at::_foreach_add_(parameters, update, -group.lr());
  }

  Options options_;
  lafs::ParameterGroups groups_;
  std::vector<Direction> directions_;
};

}  // namespace

LAFS_PLUGIN(registrar) { registrar.add<Sgd>("sgd", "stochastic gradient descent with momentum and coupled weight decay"); }
