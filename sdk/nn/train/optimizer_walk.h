#pragma once
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <ATen/core/Tensor.h>

#include "lafs/optimizer.h"

namespace lafs::nn {

/// One tensor that an optimizer keeps for each parameter.
struct StateSlot {
  std::string name;    ///< "exp_avg"
  bool shaped = true;  ///< as the parameter; else a scalar
};

/// The parameters of a group that have a gradient in this step, as the multi-tensor operations take them.
struct LiveGroup {
  std::vector<at::Tensor> parameters, gradients;
  std::vector<std::vector<at::Tensor>> slots;  ///< by slot, then as `parameters`; the state itself
};

/// What all optimizers share: the state by slots (fp32, zero from construction on), and the walk over the groups.
class OptimizerWalk {
 public:
  OptimizerWalk(ParameterGroups groups, std::vector<StateSlot> slots);

  /// Calls `update` once a group in which a parameter has a gradient, with autograd off. Parameters whose gradient is sparse are not among
  /// them: `rows` is called with each. Without it such a gradient is an Error. [main thread]
  void step(const std::function<void(const ParameterGroup&, LiveGroup&)>& update, RowOptimizer* rows = nullptr) const;
  void visit(StateVisitor& visitor);  ///< parameter by parameter, each slot in the order given

 private:
  void step_rows(const ParameterGroup& group, size_t first, RowOptimizer* rows) const;

  ParameterGroups groups_;
  std::vector<StateSlot> slots_;
  std::vector<std::vector<at::Tensor>> state_;  ///< by parameter in the order of the groups, then by slot
};

}  // namespace lafs::nn
