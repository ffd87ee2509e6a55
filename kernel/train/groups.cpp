#include "kernel/train/groups.h"

#include <fnmatch.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <regex>
#include <system_error>

#include <fmt/format.h>
#include <torch/nn/module.h>

namespace lafs {

namespace {

/// Of "rank<=1".
int64_t rank_in(const std::string& pattern) {
  int64_t rank = 0;
  const char* const end = pattern.data() + pattern.size();
  if (const auto [last, error] = std::from_chars(pattern.data() + 6, end, rank); error != std::errc() || last != end)
    throw Error(fmt::format("optimizer groups: the pattern \"{}\" has no whole number after \"{}\"", pattern, pattern.substr(0, 6)));
  return rank;
}

bool matches(const std::string& pattern, const std::string& name, const at::Tensor& parameter) {
  if (pattern.starts_with("rank<=")) return parameter.dim() <= rank_in(pattern);
  if (pattern.starts_with("rank>=")) return parameter.dim() >= rank_in(pattern);
  return fnmatch(pattern.c_str(), name.c_str(), 0) == 0;
}

/// Layer of a parameter, 0 (tokens and patch embedding) to depth + 1 (what follows the blocks); depth = number of blocks.
int64_t layer_of(const std::string& name, int64_t depth) {
  // The landmark network's own blocks are not the transformer's: what comes before the blocks is asked for first.
  static const std::regex first(
      R"((?:^|\.)(?:cls_token|pos_embed(?:ding)?|patch_to_embedding\.|patch_embed\.|stn\.|output_layer\.|global_token\.))");
  if (std::regex_search(name, first)) return 0;
  static const std::regex block(R"((?:^|\.)(?:layers|blocks)\.(\d+)\.)");
  std::smatch found;
  return std::regex_search(name, found, block) ? 1 + std::stoll(found[1]) : depth + 1;
}

int64_t depth_of(const torch::nn::Module& root) {
  int64_t depth = 0;
  for (const auto& parameter : root.named_parameters()) depth = std::max(depth, layer_of(parameter.key(), -2));
  return depth;
}

/// Which option group takes a parameter; the count of groups when none does. Marks patterns that matched.
size_t group_of(const std::vector<GroupOptions>& groups, const std::string& name, const at::Tensor& parameter,
                std::map<std::string, bool>& used) {
  for (size_t g = 0; g < groups.size(); ++g) {
    for (const std::string& pattern : groups[g].match) {
      if (matches(pattern, name, parameter)) {
        used[pattern] = true;
        return g;
      }
    }
  }
  return groups.size();
}

}  // namespace

std::vector<std::shared_ptr<RunGroup>> parameter_groups(const torch::nn::Module& root, const OptimizerOptions& options) {
  const bool layered = options.layer_decay_applied && options.layer_decay < 1;
  const int64_t depth = layered ? depth_of(root) : 0;
  std::map<std::pair<size_t, int64_t>, std::shared_ptr<RunGroup>> made;
  std::map<std::string, bool> used;
  for (const auto& item : root.named_parameters()) {
    if (!item.value().requires_grad()) continue;
    const size_t g = group_of(options.groups, item.key(), item.value(), used);
    const int64_t layer = layered ? layer_of(item.key(), depth) : 0;
    auto& group = made[{g, layer}];
    if (!group) {
      group = std::make_shared<RunGroup>();
      if (g < options.groups.size()) {
        group->lr_scale_ = options.groups[g].lr_scale;
        group->own_weight_decay_ = options.groups[g].weight_decay;
      }
      if (layered) group->lr_scale_ *= std::pow(options.layer_decay, static_cast<double>(depth + 1 - layer));
    }
    group->names_.push_back(item.key());
    group->parameters_.push_back(item.value());
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

std::string part_of(const std::string& name) {
  static const std::regex block(R"(^(?:.*\.)?(?:layers|blocks)\.\d+(?=\.))");
  std::smatch found;
  if (std::regex_search(name, found, block)) return found.str();
  const size_t first = name.find('.'), second = first == std::string::npos ? first : name.find('.', first + 1);
  return name.substr(0, second == std::string::npos ? first : second);
}

}  // namespace lafs
