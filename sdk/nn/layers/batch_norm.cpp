#include "nn/layers/batch_norm.h"

#include <ATen/ops/batch_norm.h>
#include <ATen/ops/prelu.h>
#include <fmt/format.h>
#include <torch/types.h>

#include "lafs/error.h"
#include "nn/layers/function.h"
#include "nn/layers/gather.h"

namespace lafs::nn {

namespace {

/// [C] as it meets [B,C,...].
at::Tensor along_channels(const at::Tensor& values, const at::Tensor& x) {
  std::vector<int64_t> shape(static_cast<size_t>(x.dim()), 1);
  shape[1] = values.size(0);
  return values.view(shape);
}

}  // namespace

BatchNorm::BatchNorm(int64_t channels, double eps, double momentum) : BatchNorm(channels, BatchNormOptions{eps, momentum}) {}

BatchNorm::BatchNorm(int64_t channels, const BatchNormOptions& options) : options_(options) {
  if (options.affine) {
    weight = register_parameter("weight", torch::empty({channels}));
    bias = register_parameter("bias", torch::empty({channels}));
  }
  running_mean = register_buffer("running_mean", torch::zeros({channels}));
  running_var = register_buffer("running_var", torch::ones({channels}));
  num_batches_tracked = register_buffer("num_batches_tracked", torch::zeros({}, at::kLong));
}

at::Tensor BatchNorm::forward(const at::Tensor& x, const Pass& pass) {
  const int64_t channels = running_mean.size(0);
  if (x.dim() < 2 || x.size(1) != channels) {
    throw Error(fmt::format("\"x\" has {} channels, the normalisation {}", x.dim() < 2 ? 0 : x.size(1), channels));
  }
  const double momentum = options_.momentum, eps = options_.eps;
  if (!pass.training) return at::batch_norm(x, weight, bias, running_mean, running_var, false, momentum, eps, true);
  const bool together = options_.over_ranks && pass.collective && pass.collective->world() > 1;
  if (!together && x.numel() == channels) throw Error("a batch of one value a channel has no variance to train with");
  num_batches_tracked.add_(1);
  if (together) return by_all_ranks(x, *pass.collective);
  return at::batch_norm(x, weight, bias, running_mean, running_var, true, momentum, eps, true);
}

at::Tensor BatchNorm::by_all_ranks(const at::Tensor& x, Collective& collective) {
  const AutocastOff off;
  const at::Tensor wide = widened(x), rows = wide.transpose(0, 1).flatten(1);  // [C,M]
  const at::Tensor own = at::stack({rows.mean(1), rows.var(1, /*unbiased=*/false)});
  const at::Tensor all = gather_rows(own.unsqueeze(0), collective);  // [ranks,2,C]
  const at::Tensor means = all.select(1, 0), mean = means.mean(0);
  const at::Tensor variance = (all.select(1, 1) + (means - mean).square()).mean(0);
  {
    const at::NoGradGuard no_grad;
    const auto count = static_cast<double>(rows.size(1) * collective.world());
    running_mean.mul_(1 - options_.momentum).add_(mean, options_.momentum);
    running_var.mul_(1 - options_.momentum).add_(variance, options_.momentum * count / (count - 1));
  }
  at::Tensor out = (wide - along_channels(mean, wide)) * along_channels((variance + options_.eps).rsqrt(), wide);
  if (options_.affine) out = out * along_channels(weight, wide) + along_channels(bias, wide);
  return out.to(x.scalar_type());
}

std::vector<InitRule> BatchNorm::init_rules() const {
  if (!options_.affine) return {};
  return {{"weight", InitRule::Shape::constant, 1}, {"bias", InitRule::Shape::constant, 0}};
}

Prelu::Prelu(int64_t channels) { weight = register_parameter("weight", torch::empty({channels})); }

at::Tensor Prelu::forward(const at::Tensor& x) const { return at::prelu(x, weight); }

std::vector<InitRule> Prelu::init_rules() const { return {{"weight", InitRule::Shape::constant, 0.25}}; }

}  // namespace lafs::nn
