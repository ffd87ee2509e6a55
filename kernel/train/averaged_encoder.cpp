#include "kernel/train/averaged_encoder.h"

#include <algorithm>
#include <utility>

#include <ATen/ops/_foreach_lerp.h>
#include <fmt/format.h>
#include <torch/nn/module.h>

#include "lafs/error.h"

namespace lafs {

AveragedEncoder::AveragedEncoder(const torch::nn::Module& root, const std::shared_ptr<Backbone>& encoder, std::shared_ptr<Backbone> average,
                                 double decay)
    : average_(std::move(average)), decay_(decay) {
  if (root.named_children().contains(path))
    throw Error(fmt::format("[run] ema: the objective has a part named \"{}\" itself, where the average would be", path));
  for (at::Tensor& parameter : average_->module()->parameters()) parameter.set_requires_grad(false);
  from_ = encoder->module()->parameters();
  to_ = average_->module()->parameters();
  from_buffers_ = encoder->module()->buffers();
  to_buffers_ = average_->module()->buffers();
}

void AveragedEncoder::join(torch::nn::Module& root) const {
  if (!root.named_children().contains(path)) root.register_module(path, average_->module());
}

void AveragedEncoder::start() {
  const at::NoGradGuard no_grad;
  for (size_t i = 0; i < from_.size(); ++i) to_[i].copy_(from_[i]);
  for (size_t i = 0; i < from_buffers_.size(); ++i) to_buffers_[i].copy_(from_buffers_[i]);
}

void AveragedEncoder::update(int64_t step) {
  const at::NoGradGuard no_grad;
  const auto s = static_cast<double>(step);
  at::_foreach_lerp_(to_, from_, 1 - std::min(decay_, (1 + s) / (10 + s)));
  for (size_t i = 0; i < from_buffers_.size(); ++i) to_buffers_[i].copy_(from_buffers_[i]);
}

}  // namespace lafs
