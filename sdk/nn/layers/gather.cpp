#include "nn/layers/gather.h"

#include <torch/types.h>

#include "nn/layers/function.h"

namespace lafs::nn {

namespace {

struct GatherRows {
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& rows, int64_t collective, double factor) {
    context->saved_data["collective"] = collective;
    context->saved_data["factor"] = factor;
    return reinterpret_cast<Collective*>(collective)->all_gather(rows.contiguous());
  }
  static std::vector<at::Tensor> backward(torch::autograd::AutogradContext* context, const at::Tensor& gradient) {
    auto* collective = reinterpret_cast<Collective*>(context->saved_data["collective"].toInt());
    const double factor = context->saved_data["factor"].toDouble();
    const at::Tensor own = collective->reduce_scatter(gradient.contiguous());
    return {factor == 1 ? own : own * factor, {}, {}};
  }
};

}  // namespace

at::Tensor gather_rows(const at::Tensor& rows, Collective& collective, double gradient_factor) {
  if (collective.world() == 1) return rows;
  // The graph of a step never outlives the step, and so not the collective.
  return Function<GatherRows>::apply(rows, static_cast<int64_t>(reinterpret_cast<intptr_t>(&collective)), gradient_factor);
}

}  // namespace lafs::nn
