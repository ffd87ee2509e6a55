#pragma once
#include <cstdint>
#include <vector>

#include <torch/nn/module.h>

#include "lafs/initialised.h"
#include "lafs/pass.h"

namespace lafs::nn {

/// Normalises each channel, by the batch (biased variance) in a training pass and by the running statistics otherwise.
/// A training pass moves them by `momentum` towards the batch's mean and unbiased variance; statistics are of this process alone.
/// Own tensors in this order: `weight`, `bias`, `running_mean`, `running_var`, `num_batches_tracked` (scalar int64) (models.md 1).
/// A frozen layer is one that is run with a pass that does not train.
class BatchNorm : public torch::nn::Module, public Initialised {
 public:
  explicit BatchNorm(int64_t channels, double eps = 1e-5, double momentum = 0.1);
  at::Tensor forward(const at::Tensor& x, const Pass& pass);  ///< [B,C] or [B,C,H,W], same shape
  std::vector<InitRule> init_rules() const override;

  at::Tensor weight, bias;                                    ///< [C], start as 1 and 0
  at::Tensor running_mean, running_var, num_batches_tracked;  ///< [C], [C], scalar; 0, 1, 0 from construction on

 private:
  double eps_, momentum_;
};

/// max(x, 0) + weight * min(x, 0), a slope for each channel (dimension 1); `weight` [C] starts as 0.25.
class Prelu : public torch::nn::Module, public Initialised {
 public:
  explicit Prelu(int64_t channels);
  at::Tensor forward(const at::Tensor& x) const;  ///< [B,C,...], same shape
  std::vector<InitRule> init_rules() const override;

  at::Tensor weight;
};

}  // namespace lafs::nn
