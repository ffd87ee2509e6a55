#pragma once
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

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
class Optimizer {
 public:
  static constexpr std::string_view kind = "optimizer";
  using Factory = std::function<std::shared_ptr<Optimizer>(const ParameterGroups&)>;
  virtual ~Optimizer() = default;

  virtual void step() = 0;  ///< reads each group's lr and weight decay [main thread]
  virtual void visit_state(StateVisitor& visitor) = 0;
};

}  // namespace lafs
