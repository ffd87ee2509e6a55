#include "nn/layers/tree.h"

#include <charconv>
#include <map>
#include <system_error>

#include <ATen/core/grad_mode.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <torch/types.h>

#include "lafs/error.h"

namespace lafs::nn {

namespace {

void collect(const torch::nn::Module& module, const std::string& prefix, bool buffers, NamedTensors& out) {
  for (const auto& item : module.named_parameters(false)) {
    if (item.value().defined()) out.emplace_back(prefix + item.key(), item.value());
  }
  if (buffers) {
    for (const auto& item : module.named_buffers(false)) out.emplace_back(prefix + item.key(), item.value());
  }
  for (const auto& child : module.named_children()) collect(*child.value(), prefix + child.key() + ".", buffers, out);
}

std::pair<std::string, std::string> split(const std::string& path) {
  const size_t dot = path.find('.');
  return dot == std::string::npos ? std::pair{path, std::string()} : std::pair{path.substr(0, dot), path.substr(dot + 1)};
}

std::shared_ptr<torch::nn::Module> child_of(const torch::nn::Module& module, const std::string& name) {
  const auto children = module.named_children();
  const auto* child = children.find(name);
  return child ? *child : nullptr;
}

}  // namespace

NamedTensors state_of(const torch::nn::Module& root) {
  NamedTensors out;
  collect(root, "", true, out);
  return out;
}

NamedTensors parameters_of(const torch::nn::Module& root) {
  NamedTensors out;
  collect(root, "", false, out);
  return out;
}

std::shared_ptr<torch::nn::Module> submodule(torch::nn::Module& root, const std::string& path) {
  std::shared_ptr<torch::nn::Module> module = root.shared_from_this();
  for (std::string rest = path; !rest.empty();) {
    const auto [first, others] = split(rest);
    module = child_of(*module, first);
    if (!module) throw Error(fmt::format("the tree has no module \"{}\"", path));
    rest = others;
  }
  return module;
}

at::Tensor find_tensor(const torch::nn::Module& root, const std::string& name) {
  for (const auto& [key, tensor] : state_of(root)) {
    if (key == name) return tensor;
  }
  return {};
}

void copy_state(const torch::nn::Module& from, torch::nn::Module& to) {
  const at::NoGradGuard no_grad;
  std::map<std::string, at::Tensor> source;
  for (const auto& [name, tensor] : state_of(from)) source.emplace(name, tensor);
  const NamedTensors target = state_of(to);
  for (const auto& [name, tensor] : target) {
    const auto found = source.find(name);
    if (found == source.end()) throw Error(fmt::format("tensor \"{}\" is in one tree only", name));
    if (found->second.sizes() != tensor.sizes()) {
      throw Error(
          fmt::format("tensor \"{}\" has shape {} in one tree, {} in the other", name, found->second.sizes().vec(), tensor.sizes().vec()));
    }
  }
  if (source.size() > target.size()) {
    for (const auto& [name, tensor] : target) source.erase(name);
    throw Error(fmt::format("tensor \"{}\" is in one tree only", source.begin()->first));
  }
  for (const auto& [name, tensor] : target) tensor.copy_(source.at(name));
}

int64_t child_number(std::string_view name, std::string_view folder) {
  if (!name.starts_with(folder) || name.size() == folder.size() || name[folder.size()] != '.') return -1;
  name.remove_prefix(folder.size() + 1);
  int64_t number = -1;
  const char* const end = name.data() + name.size();
  const auto [last, error] = std::from_chars(name.data(), end, number);
  return error == std::errc() && number >= 0 && (last == end || *last == '.') ? number : -1;
}

torch::nn::Module& folder(torch::nn::Module& root, const std::string& path) {
  const auto [first, rest] = split(path);
  std::shared_ptr<torch::nn::Module> child = child_of(root, first);
  if (!child) child = root.register_module(first, std::make_shared<torch::nn::Module>());
  return rest.empty() ? *child : folder(*child, rest);
}

}  // namespace lafs::nn
