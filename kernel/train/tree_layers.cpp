#include "kernel/train/tree_layers.h"

#include <algorithm>
#include <memory>

#include <fmt/format.h>
#include <torch/nn/module.h>

#include "lafs/backbone.h"
#include "lafs/error.h"
#include "nn/layers/tree.h"

namespace lafs {

namespace {

std::string without_last_name(const std::string& path) {
  const size_t dot = path.rfind('.');
  return dot == std::string::npos ? "" : path.substr(0, dot);
}

/// The names that both paths begin with: "a.b" of "a.b.weight" and "a.b.bias".
std::string shared_path(const std::string& a, const std::string& b) {
  const auto differ = std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first;
  return without_last_name(std::string(a.begin(), differ));
}

bool trains(const torch::nn::Module& module) {
  const nn::NamedTensors all = nn::parameters_of(module);
  return std::any_of(all.begin(), all.end(), [](const auto& item) { return item.second.requires_grad(); });
}

}  // namespace

TreeLayers::TreeLayers(const torch::nn::Module& root) { walk(root, ""); }

void TreeLayers::walk(const torch::nn::Module& module, const std::string& path) {
  if (const auto* layered = dynamic_cast<const Layered*>(&module)) {
    if (trains(module)) take(module, path, *layered);
  } else if (dynamic_cast<const Backbone*>(&module)) {
    if (trains(module)) without_layers_.push_back(path);
  } else {
    for (const auto& child : module.named_children()) walk(*child.value(), path.empty() ? child.key() : path + "." + child.key());
  }
}

void TreeLayers::take(const torch::nn::Module& module, const std::string& path, const Layered& layered) {
  const int64_t depth = layered.depth();
  const std::string prefix = path.empty() ? "" : path + ".";
  std::map<int64_t, std::string> shared;  // by layer: what its names have in common
  std::map<std::string, int64_t> in_blocks;
  for (const auto& [own_name, parameter] : nn::parameters_of(module)) {
    const int64_t layer = layered.layer_of(own_name);
    const std::string name = prefix + own_name;
    if (layer < 0 || layer > depth + 1)
      throw Error(
          fmt::format("the backbone at \"{}\" puts its parameter \"{}\" into layer {}, and has 0 to {}", path, own_name, layer, depth + 1));
    from_end_.emplace(name, depth + 1 - layer);
    if (layer == 0 || layer > depth) continue;
    const auto [known, first] = shared.emplace(layer, without_last_name(name));
    if (!first) known->second = shared_path(known->second + ".", name);
    in_blocks.emplace(name, layer);
  }
  for (const auto& [name, layer] : in_blocks) {
    if (shared.at(layer).size() > path.size()) blocks_.emplace(name, shared.at(layer));
  }
}

int64_t TreeLayers::from_end(const std::string& parameter) const {
  const auto found = from_end_.find(parameter);
  return found == from_end_.end() ? 0 : found->second;
}

std::string TreeLayers::part_of(const std::string& parameter) const {
  if (const auto block = blocks_.find(parameter); block != blocks_.end()) return block->second;
  const size_t first = parameter.find('.'), second = first == std::string::npos ? first : parameter.find('.', first + 1);
  return parameter.substr(0, second == std::string::npos ? first : second);
}

}  // namespace lafs
