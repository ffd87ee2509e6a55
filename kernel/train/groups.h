#pragma once
#include <string>
#include <utility>
#include <vector>

#include <torch/types.h>

#include "kernel/recipe/recipe.h"
#include "lafs/optimizer.h"

namespace torch::nn {
class Module;
}

namespace lafs {

/// A group as the loop sees it: it sets both rates before each step.
class RunGroup final : public ParameterGroup {
 public:
  const std::vector<std::string>& names() const override { return names_; }
  const std::vector<at::Tensor>& parameters() const override { return parameters_; }
  double lr() const override { return lr_; }
  double weight_decay() const override { return weight_decay_; }

  void set(double lr, double weight_decay) {
    lr_ = lr * lr_scale_;
    weight_decay_ = own_weight_decay_ < 0 ? weight_decay : own_weight_decay_;
  }
  double lr_scale() const { return lr_scale_; }

 private:
  friend std::vector<std::shared_ptr<RunGroup>> parameter_groups(const torch::nn::Module& root, const OptimizerOptions& options);
  std::vector<std::string> names_;
  std::vector<at::Tensor> parameters_;
  double lr_ = 0, weight_decay_ = 0, lr_scale_ = 1, own_weight_decay_ = -1;
};

/// Trainable parameters by the recipe's ordered patterns: the first group whose pattern matches takes a parameter, the last
/// group takes the rest. Patterns are globs on qualified names, or "rank<=1", "rank>=2" on shapes.
/// With `layer_decay` applied, blocks ("...layers.L..." or "...blocks.L...") get lr scales of their own (finetuning.md 8).
/// Throws Error for a pattern that matches nothing, and when nothing trains.
std::vector<std::shared_ptr<RunGroup>> parameter_groups(const torch::nn::Module& root, const OptimizerOptions& options);

/// The part of a network that a parameter belongs to, for reports: up to the number of its block ("student.backbone.transformer.layers.3"),
/// else at most two names ("student.head", "classifier").
std::string part_of(const std::string& name);

}  // namespace lafs
