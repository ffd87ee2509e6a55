#pragma once
#include <cstdint>
#include <vector>

#include <torch/nn/module.h>

#include "lafs/collective.h"
#include "lafs/initialised.h"
#include "lafs/pass.h"

namespace lafs::nn {

struct BatchNormOptions {
  double eps = 1e-5, momentum = 0.1;
  bool affine = true;       ///< has a slope and a shift of its own
  bool over_ranks = false;  ///< a training pass takes the statistics of all ranks, if it has a collective; they hold equally many rows
};

/// Normalises each channel, by the batch (biased variance) in a training pass and by the running statistics otherwise.
/// A training pass moves them by `momentum` towards the batch's mean and unbiased variance; statistics are of this process alone unless
/// the options say otherwise.
/// Own tensors in this order: `weight`, `bias`, `running_mean`, `running_var`, `num_batches_tracked` (scalar int64) (models.md 1).
/// A frozen layer is one that is run with a pass that does not train.
class BatchNorm : public torch::nn::Module, public Initialised {
 public:
  explicit BatchNorm(int64_t channels, double eps = 1e-5, double momentum = 0.1);
  BatchNorm(int64_t channels, const BatchNormOptions& options);
  at::Tensor forward(const at::Tensor& x, const Pass& pass);  ///< [B,C] or [B,C,H,W], same shape
  std::vector<InitRule> init_rules() const override;

  at::Tensor weight, bias;                                    ///< [C], start as 1 and 0; undefined if not affine
  at::Tensor running_mean, running_var, num_batches_tracked;  ///< [C], [C], scalar; 0, 1, 0 from construction on

 private:
  at::Tensor by_all_ranks(const at::Tensor& x, Collective& collective);

  BatchNormOptions options_;
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
