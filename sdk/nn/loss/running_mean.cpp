#include "nn/loss/running_mean.h"

#include <torch/types.h>

namespace lafs::nn {

Moments moments(const at::Tensor& values, Collective* collective) {
  const at::Tensor wide = values.detach().to(at::kDouble);
  at::Tensor sums = at::stack({at::ones_like(wide).sum(), wide.sum(), (wide * wide).sum()});
  if (collective) collective->sum(sums);
  const at::Tensor count = sums[0], mean = sums[1] / count;
  return {count, mean, ((sums[2] - count * mean * mean) / (count - 1)).clamp_min(0).sqrt()};
}

void RunningMean::observe(const at::Tensor& value, const at::Tensor& valid) {
  observed_.push_back(at::where(valid, value.to(saved_.scalar_type()), saved_));
}

at::Tensor RunningMean::value(const Pass& pass) const { return pass.training && !observed_.empty() ? moved(observed_.back()) : saved_; }

void RunningMean::write() {
  if (observed_.size() > 1) observed_ = {at::stack(observed_).mean(0)};
  write_each();
}

void RunningMean::write_each() {
  for (const at::Tensor& value : observed_) saved_.copy_(moved(value));
  observed_.clear();
}

}  // namespace lafs::nn
