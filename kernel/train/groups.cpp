#include "kernel/train/groups.h"

#include <algorithm>
#include <cmath>
#include <map>

#include <fmt/format.h>
#include <torch/nn/module.h>

#include "kernel/train/pattern.h"
#include "kernel/train/tree_layers.h"
#include "lafs/suggestion.h"

namespace lafs {

namespace {

/// An option that would have no effect is an error.
void check_layer_decay(const TreeLayers& layers, const OptimizerOptions& options, const std::vector<std::string>& capable) {
  if (layers.any() && layers.without_layers().empty()) return;
  const std::string what = layers.without_layers().empty()
                               ? "no backbone reports"
                               : fmt::format("the backbone at \"{}\" does not report", layers.without_layers().front());
  throw Error(fmt::format("[optimizer] layer_decay = {} has no effect: {} the layer of each parameter{}", options.layer_decay, what,
                          suggest_capable(capable)));
}

/// Which option group takes a parameter; the count of groups when none does. Marks patterns that matched.
size_t group_of(const std::vector<GroupOptions>& groups, const std::string& name, const at::Tensor& parameter,
                std::map<std::string, bool>& used) {
  for (size_t g = 0; g < groups.size(); ++g) {
    for (const std::string& pattern : groups[g].match) {
      if (chooses(pattern, name, parameter, "optimizer groups")) {
        used[pattern] = true;
        return g;
      }
    }
  }
  return groups.size();
}

/// Parameters of the tree that get gradients of rows, by qualified name.
void find_row_sparse(const torch::nn::Module& module, const std::string& prefix, std::map<std::string, RowUpdates>& found) {
  if (const auto* own = dynamic_cast<const RowSparseParameters*>(&module)) {
    for (const RowSparseParameter& one : own->row_sparse()) found.emplace(prefix + one.parameter, one.updates);
  }
  for (const auto& child : module.named_children()) find_row_sparse(*child.value(), prefix + child.key() + ".", found);
}

}  // namespace

std::vector<std::shared_ptr<RunGroup>> parameter_groups(const torch::nn::Module& root, const TreeLayers& layers,
                                                        const OptimizerOptions& options, const std::vector<std::string>& capable) {
  const bool layered = options.layer_decay_applied && options.layer_decay < 1;
  if (layered) check_layer_decay(layers, options, capable);
  std::map<std::pair<size_t, int64_t>, std::shared_ptr<RunGroup>> made;  // by option group and layer, tokens first
  std::map<std::string, bool> used;
  std::map<std::string, RowUpdates> row_sparse;
  find_row_sparse(root, "", row_sparse);
  for (const auto& item : root.named_parameters()) {
    if (!item.value().requires_grad()) continue;
    const size_t g = group_of(options.groups, item.key(), item.value(), used);
    const int64_t from_end = layered ? layers.from_end(item.key()) : 0;
    auto& group = made[{g, -from_end}];
    if (!group) {
      group = std::make_shared<RunGroup>();
      if (g < options.groups.size()) {
        group->lr_scale_ = options.groups[g].lr_scale;
        group->own_weight_decay_ = options.groups[g].weight_decay;
      }
      if (layered) group->lr_scale_ *= std::pow(options.layer_decay, static_cast<double>(from_end));
    }
    group->names_.push_back(item.key());
    group->parameters_.push_back(item.value());
    const auto of_rows = row_sparse.find(item.key());
    group->row_updates_.push_back(of_rows == row_sparse.end() ? RowUpdates::none : of_rows->second);
  }
  for (const GroupOptions& group : options.groups) {
    for (const std::string& pattern : group.match) {
      if (!used.contains(pattern))
        throw Error(fmt::format("optimizer group \"{}\": no parameter is left for the pattern \"{}\"", group.name, pattern));
    }
  }
  if (made.empty()) throw Error("the objective has no parameter that trains");
  std::vector<std::shared_ptr<RunGroup>> groups;
  for (auto& [key, group] : made) groups.push_back(std::move(group));
  return groups;
}

void check_row_updates(const std::vector<std::shared_ptr<RunGroup>>& groups, const Optimizer& optimizer, const std::string& name,
                       const std::vector<std::string>& capable) {
  if (dynamic_cast<const RowOptimizer*>(&optimizer)) return;
  for (const auto& group : groups) {
    for (size_t i = 0; i < group->parameters().size(); ++i) {
      if (group->row_updates(i) == RowUpdates::none) continue;
      throw Error(
          fmt::format("optimizer \"{}\" updates whole parameters, and the gradient of \"{}\" has some rows only{}; or write update = "
                      "\"dense\" where the objective's classes are sampled",
                      name, group->names()[i], suggest_capable(capable)));
    }
  }
}

}  // namespace lafs
