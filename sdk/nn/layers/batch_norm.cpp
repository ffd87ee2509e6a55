#include "nn/layers/batch_norm.h"

#include <ATen/ops/batch_norm.h>
#include <ATen/ops/prelu.h>
#include <fmt/format.h>
#include <torch/types.h>

#include "lafs/error.h"

namespace lafs::nn {

BatchNorm::BatchNorm(int64_t channels, double eps, double momentum) : eps_(eps), momentum_(momentum) {
  weight = register_parameter("weight", torch::empty({channels}));
  bias = register_parameter("bias", torch::empty({channels}));
  running_mean = register_buffer("running_mean", torch::zeros({channels}));
  running_var = register_buffer("running_var", torch::ones({channels}));
  num_batches_tracked = register_buffer("num_batches_tracked", torch::zeros({}, at::kLong));
}

at::Tensor BatchNorm::forward(const at::Tensor& x, const Pass& pass) {
  if (x.dim() < 2 || x.size(1) != weight.size(0)) {
    throw Error(fmt::format("\"x\" has {} channels, the normalisation {}", x.dim() < 2 ? 0 : x.size(1), weight.size(0)));
  }
  if (!pass.training) return at::batch_norm(x, weight, bias, running_mean, running_var, false, momentum_, eps_, true);
  if (x.numel() == x.size(1)) throw Error("a batch of one value a channel has no variance to train with");
  num_batches_tracked.add_(1);
  return at::batch_norm(x, weight, bias, running_mean, running_var, true, momentum_, eps_, true);
}

std::vector<InitRule> BatchNorm::init_rules() const {
  return {{"weight", InitRule::Shape::constant, 1}, {"bias", InitRule::Shape::constant, 0}};
}

Prelu::Prelu(int64_t channels) { weight = register_parameter("weight", torch::empty({channels})); }

at::Tensor Prelu::forward(const at::Tensor& x) const { return at::prelu(x, weight); }

std::vector<InitRule> Prelu::init_rules() const { return {{"weight", InitRule::Shape::constant, 0.25}}; }

}  // namespace lafs::nn
