#include "nn/loss/shared_cross_entropy.h"

#include <cmath>
#include <limits>
#include <vector>

#include <torch/types.h>

#include "nn/layers/function.h"

namespace lafs::nn {

namespace {

constexpr double elsewhere = -std::numeric_limits<double>::infinity();

/// In double: near probability 1 the slope of a target is what the other classes leave, far below the rounding of a float's exponent.
struct SharedCrossEntropy {
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& negatives, const at::Tensor& targets,
                            const at::Tensor& weights, double floor, int64_t address) {
    auto* collective = reinterpret_cast<Collective*>(address);
    const at::Tensor own = at::logsumexp(at::cat({negatives.unsqueeze(1), targets}, 1), {1});  // [G]
    at::Tensor top = own.clone();
    if (collective) collective->max(top);
    at::Tensor sum = (own - top).exp_();  // 0 where this rank has no class
    at::Tensor chosen = at::where(targets == elsewhere, at::zeros_like(targets), targets);
    if (collective) {
      collective->sum(sum);
      collective->sum(chosen);
    }
    const at::Tensor lse = top + sum.log();
    context->save_for_backward({negatives, targets, weights, lse});
    if (floor <= 0) return lse - (weights * chosen).sum(1);
    const double limit = -std::log(floor);
    return (weights * (lse.unsqueeze(1) - chosen).clamp_max(limit)).sum(1) + (1 - weights.sum(1)) * limit;
  }

  static std::vector<at::Tensor> backward(torch::autograd::AutogradContext* context, const at::Tensor& gradient) {
    const auto saved = context->get_saved_variables();
    const at::Tensor &negatives = saved[0], &targets = saved[1], &weights = saved[2], &lse = saved[3];
    const at::Tensor here = targets != elsewhere;
    const at::Tensor slopes = (targets - lse.unsqueeze(1)).exp_() - weights * here;
    return {(negatives - lse).exp_().mul_(gradient), slopes * gradient.unsqueeze(1), {}, {}, {}};
  }
};

}  // namespace

at::Tensor shared_cross_entropy(const at::Tensor& negatives, const at::Tensor& targets, const at::Tensor& weights, double floor,
                                Collective* collective) {
  // The graph of a step never outlives the step, and so not the collective.
  return Function<SharedCrossEntropy>::apply(negatives.to(at::kDouble), targets.to(at::kDouble), weights.to(at::kDouble), floor,
                                             static_cast<int64_t>(reinterpret_cast<intptr_t>(collective)))
      .to(targets.scalar_type());
}

}  // namespace lafs::nn
