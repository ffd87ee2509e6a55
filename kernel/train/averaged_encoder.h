#pragma once
#include <memory>
#include <vector>

#include <ATen/core/Tensor.h>

#include "lafs/backbone.h"

namespace torch::nn {
class Module;
}

namespace lafs {

/// The moving average of a backbone's weights over the steps of a run (`[run] ema`): after step s, counted from 0, it moves towards the
/// weights by 1 - min(decay, (1+s)/(10+s)), so that a short run is not held back by its first weights. Buffers are copied. [main thread]
class AveragedEncoder {
 public:
  static constexpr const char* path = "averaged";  ///< in the objective's tree

  /// `average` is a second backbone of the same kind, which stops training. Throws Error where the objective has a part named `path`.
  AveragedEncoder(const torch::nn::Module& root, const std::shared_ptr<Backbone>& encoder, std::shared_ptr<Backbone> average, double decay);

  const std::shared_ptr<Backbone>& backbone() const { return average_; }
  void join(torch::nn::Module& root) const;  ///< puts the average into the tree under `path`, once
  void start();                              ///< the average becomes the encoder
  void update(int64_t step);                 ///< after that step of the run

 private:
  std::shared_ptr<Backbone> average_;
  double decay_;
  std::vector<at::Tensor> from_, to_, from_buffers_, to_buffers_;
};

}  // namespace lafs
