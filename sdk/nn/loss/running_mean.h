#pragma once
#include <utility>
#include <vector>

#include <ATen/core/Tensor.h>

#include "lafs/collective.h"
#include "lafs/pass.h"

namespace lafs::nn {

/// Count, mean and unbiased standard deviation of numbers [M], each []; over all ranks if there is a collective. Not numbers where there
/// are too few.
struct Moments {
  at::Tensor count, mean, deviation;
};
Moments moments(const at::Tensor& values, Collective* collective);

/// A running mean of a `Statistical` head: moved = alpha observed + (1 - alpha) saved. What a loss observes is used in that loss; what is
/// saved, a buffer [1] of the head, changes when it is written, once a step.
class RunningMean {
 public:
  RunningMean(at::Tensor buffer, double alpha) : saved_(std::move(buffer)), alpha_(alpha) {}

  /// Numbers []; where `valid` is false the saved value counts as observed.
  void observe(const at::Tensor& value, const at::Tensor& valid);
  /// [1]: in a training pass moved by the last observation, else what is saved.
  at::Tensor value(const Pass& pass) const;
  const at::Tensor& saved() const { return saved_; }
  void write();       ///< moves by the mean of what was observed since the last time, in the micro-batches of a step
  void write_each();  ///< moves by each of them in turn

 private:
  at::Tensor moved(const at::Tensor& by) const { return alpha_ * by + (1 - alpha_) * saved_; }

  at::Tensor saved_;
  double alpha_;
  std::vector<at::Tensor> observed_;  // [1] each
};

}  // namespace lafs::nn
