#pragma once
#include <string>
#include <utility>
#include <vector>

#include <ATen/core/Tensor.h>

#include "kernel/recipe/recipe.h"
#include "lafs/optimizer.h"

namespace torch::nn {
class Module;
}

namespace lafs {

class TreeLayers;

/// A group as the loop sees it: it sets both rates before each step.
class RunGroup final : public ParameterGroup {
 public:
  const std::vector<std::string>& names() const override { return names_; }
  const std::vector<at::Tensor>& parameters() const override { return parameters_; }
  double lr() const override { return lr_; }
  double weight_decay() const override { return weight_decay_; }
  RowUpdates row_updates(size_t parameter) const override { return row_updates_[parameter]; }

  void set(double lr, double weight_decay) {
    lr_ = lr * lr_scale_;
    weight_decay_ = own_weight_decay_ < 0 ? weight_decay : own_weight_decay_;
  }
  double lr_scale() const { return lr_scale_; }

 private:
  friend std::vector<std::shared_ptr<RunGroup>> parameter_groups(const torch::nn::Module&, const TreeLayers&, const OptimizerOptions&,
                                                                 const std::vector<std::string>&);
  std::vector<std::string> names_;
  std::vector<at::Tensor> parameters_;
  std::vector<RowUpdates> row_updates_;
  double lr_ = 0, weight_decay_ = 0, lr_scale_ = 1, own_weight_decay_ = -1;
};

/// Trainable parameters by the recipe's ordered patterns: the first group whose pattern matches takes a parameter, the last
/// group takes the rest. Patterns are globs on qualified names, or "rank<=1", "rank>=2" on shapes.
/// With `layer_decay` applied, each layer of a backbone gets an lr scale of its own: layer_decay to the power of its distance from what
/// follows the blocks (finetuning.md 8).
/// Throws Error for a pattern that matches nothing, when nothing trains, and for `layer_decay` where a backbone that trains does not say
/// which layers it has; `capable` are the plugins that do.
std::vector<std::shared_ptr<RunGroup>> parameter_groups(const torch::nn::Module& root, const TreeLayers& layers,
                                                        const OptimizerOptions& options, const std::vector<std::string>& capable = {});

/// Throws Error where a parameter gets gradients of rows and the optimizer is not a `RowOptimizer`; `capable` are the plugins that are one.
void check_row_updates(const std::vector<std::shared_ptr<RunGroup>>& groups, const Optimizer& optimizer, const std::string& name,
                       const std::vector<std::string>& capable);

}  // namespace lafs
