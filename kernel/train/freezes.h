#pragma once
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "kernel/recipe/options.h"
#include "lafs/schedule.h"

namespace torch::nn {
class Module;
}

namespace lafs {

/// `[[optimizer.freeze]]` on a tree: parameters that get no gradient, and so no update, no weight decay and no moments. Statistics of
/// BatchNorm are no parameters and move on. [main thread]
class Freezes {
 public:
  Freezes() = default;  ///< nothing
  /// Parameters that are frozen for the whole run stop training here. Throws Error for a pattern that chooses no parameter that trains.
  Freezes(const torch::nn::Module& root, const std::vector<FreezeOptions>& options);

  /// Before a step: whether each parameter trains in it.
  void apply(const Timeline& time);

 private:
  struct Temporary {
    at::Tensor parameter;
    double epochs = 0;
  };
  std::vector<Temporary> temporary_;
};

}  // namespace lafs
