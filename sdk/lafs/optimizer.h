#pragma once
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "lafs/row_sparse.h"
#include "lafs/tensor.h"

namespace lafs {

/// Parameters that share a learning rate and a weight decay. The runner owns it and sets both before each step.
class ParameterGroup {
 public:
  virtual ~ParameterGroup() = default;
  virtual const std::vector<std::string>& names() const = 0;  ///< qualified, in the order of the tree
  virtual const std::vector<Tensor>& parameters() const = 0;  ///< same order
  virtual double lr() const = 0;
  virtual double weight_decay() const = 0;
  virtual RowUpdates row_updates(size_t) const { return RowUpdates::none; }  ///< of a parameter by its place
};
using ParameterGroups = std::vector<std::shared_ptr<const ParameterGroup>>;

/// Sees every tensor of an optimizer's state by name; a loader writes into them in place.
class StateVisitor {
 public:
  virtual ~StateVisitor() = default;
  /// Saved as "<parameter>.<slot>". `shaped`: the slot has the parameter's shape, and so is cut with it over ranks.
  virtual void tensor(const std::string& parameter, const std::string& slot, Tensor& value, bool shaped) = 0;
};

/// An update rule. Its state is allocated (zero) when it is made, so that a load finds every tensor.
/// A parameter without a gradient in a step is skipped: no decay, no moment, no count.
///
/// The trainer makes one after the objective and calls `step` once per optimizer step, without autograd: gradients are summed over
/// micro-batches, unscaled and clipped, and each group has its rates. It drops the gradients afterwards. `visit_state` is called when a
/// checkpoint is saved or loaded. `nn::OptimizerWalk` has the state and the loop:
///
///     class Momentum final : public lafs::Optimizer {
///      public:
///       Momentum(const Options& options, const lafs::ParameterGroups& groups)
///           : options_(options), walk_(groups, {{.name = "momentum"}}) {}
///
///       void step() override {
///         walk_.step([&](const lafs::ParameterGroup& group, lafs::nn::LiveGroup& live) {
///           for (size_t i = 0; i < live.parameters.size(); ++i) {
///             live.slots[0][i].mul_(options_.momentum).add_(live.gradients[i]);
///             live.parameters[i].sub_(live.slots[0][i], group.lr());
///           }
///         });
///       }
///       void visit_state(lafs::StateVisitor& visitor) override { walk_.visit(visitor); }
class Optimizer {
 public:
  static constexpr std::string_view kind = "optimizer";
  using Factory = std::function<std::shared_ptr<Optimizer>(const ParameterGroups&)>;
  virtual ~Optimizer() = default;

  virtual void step() = 0;                              ///< reads each group's lr and weight decay [main thread]
  virtual void visit_state(StateVisitor& visitor) = 0;  ///< the same tensors in the same order at every call [main thread]
};

/// Some rows of a parameter, and what the optimizer keeps of all its rows.
struct RowUpdate {
  Tensor& parameter;           ///< [C, ...]
  const Tensor& rows;          ///< [k] int64 on the CPU, sorted, each once
  const Tensor& values;        ///< [k, ...], their gradient
  std::vector<Tensor>& slots;  ///< by slot; a scalar one is [C] where steps are counted by row
};

/// An update rule that can be applied to some rows of a parameter (see `RowUpdates`). `nn::OptimizerWalk` calls it for parameters whose
/// gradient is sparse, after the others of their group. An optimizer without it is refused for such parameters.
class RowOptimizer {
 public:
  virtual ~RowOptimizer() = default;
  virtual void update_rows(const ParameterGroup& group, const RowUpdate& update) = 0;  ///< [main thread, without autograd]
};

}  // namespace lafs
