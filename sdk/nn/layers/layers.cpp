#include "nn/layers/layers.h"

#include <cmath>

#include <ATen/ops/conv2d.h>
#include <ATen/ops/layer_norm.h>
#include <ATen/ops/linear.h>
#include <torch/types.h>

namespace lafs::nn {

namespace {

InitRule uniform(const char* parameter, int64_t fan_in) {
  const double bound = 1 / std::sqrt(static_cast<double>(fan_in));
  return {parameter, InitRule::Shape::uniform, -bound, bound};
}

}  // namespace

Linear::Linear(int64_t in, int64_t out, bool has_bias, double std) : std_(std) {
  weight = register_parameter("weight", torch::empty({out, in}));
  if (has_bias) bias = register_parameter("bias", torch::empty({out}));
}

at::Tensor Linear::forward(const at::Tensor& x) const { return at::linear(x, weight, bias); }

std::vector<InitRule> Linear::init_rules() const {
  if (std_ > 0) return {{"weight", InitRule::Shape::truncated_normal, 0, std_}, {"bias", InitRule::Shape::constant, 0}};
  const int64_t fan_in = weight.size(1);
  return {uniform("weight", fan_in), uniform("bias", fan_in)};
}

LayerNorm::LayerNorm(int64_t width, double eps) : eps_(eps) {
  weight = register_parameter("weight", torch::empty({width}));
  bias = register_parameter("bias", torch::empty({width}));
}

at::Tensor LayerNorm::forward(const at::Tensor& x) const { return at::layer_norm(x, weight.sizes(), weight, bias, eps_); }

std::vector<InitRule> LayerNorm::init_rules() const {
  return {{"weight", InitRule::Shape::constant, 1}, {"bias", InitRule::Shape::constant, 0}};
}

Conv2d::Conv2d(const Options& options) : options_(options) {
  weight = register_parameter("weight", torch::empty({options.out, options.in / options.groups, options.kernel, options.kernel}));
  if (options.bias) bias = register_parameter("bias", torch::empty({options.out}));
}

at::Tensor Conv2d::forward(const at::Tensor& x) const {
  return at::conv2d(x, weight, bias, options_.stride, options_.padding, 1, options_.groups);
}

std::vector<InitRule> Conv2d::init_rules() const {
  const int64_t fan_in = weight[0].numel(), fan_out = options_.out * options_.kernel * options_.kernel;
  const double std = options_.start == Start::normal ? options_.std : std::sqrt(2 / static_cast<double>(fan_out));
  const InitRule normal{"weight", InitRule::Shape::normal, 0, std};
  return {options_.start == Start::uniform ? uniform("weight", fan_in) : normal, uniform("bias", fan_in)};
}

}  // namespace lafs::nn
