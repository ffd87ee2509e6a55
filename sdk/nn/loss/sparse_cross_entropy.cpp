#include "nn/loss/sparse_cross_entropy.h"

#include <cmath>
#include <vector>

#include <torch/types.h>

#include "nn/layers/function.h"

namespace lafs::nn {

namespace {

struct SparseCrossEntropy {
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& logits, const at::Tensor& classes,
                            const at::Tensor& weights, double floor) {
    const at::Tensor lse = at::logsumexp(logits, 1, true);  // [B,1]
    context->save_for_backward({logits, classes, weights});
    const at::Tensor chosen = logits.gather(1, classes);  // [B,K]
    if (floor <= 0) return lse.squeeze(1) - (weights * chosen).sum(1);
    const double limit = -std::log(floor);
    return (weights * (lse - chosen).clamp_max(limit)).sum(1) + (1 - weights.sum(1)) * limit;
  }

  static std::vector<at::Tensor> backward(torch::autograd::AutogradContext* context, const at::Tensor& gradient) {
    const auto saved = context->get_saved_variables();
    // [B,C]. Not exp(z - lse): the rounding of lse, whose size is the logits', would be the error of a probability near 1.
    at::Tensor out = at::softmax(saved[0], 1);
    out.scatter_add_(1, saved[1], -saved[2].to(out.scalar_type()));
    return {out.mul_(gradient.unsqueeze(1)), {}, {}, {}};
  }
};

}  // namespace

at::Tensor sparse_cross_entropy(const at::Tensor& logits, const at::Tensor& classes, const at::Tensor& weights, double floor) {
  return Function<SparseCrossEntropy>::apply(logits, classes, weights, floor);
}

}  // namespace lafs::nn
