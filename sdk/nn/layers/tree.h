#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <torch/nn/module.h>

namespace lafs::nn {

using NamedTensors = std::vector<std::pair<std::string, at::Tensor>>;

/// Parameters and buffers of a tree in the order of Python's `state_dict`: a module's own parameters, its own buffers, then its
/// children in the order of registration. The tensors are the module's own.
NamedTensors state_of(const torch::nn::Module& root);
/// The parameters alone, same order.
NamedTensors parameters_of(const torch::nn::Module& root);

/// The module at a dotted path; "" is the root, which a shared_ptr must own. Throws Error `the tree has no module "teacher.head"`.
std::shared_ptr<torch::nn::Module> submodule(torch::nn::Module& root, const std::string& path);
/// The parameter or buffer of that qualified name; undefined if there is none.
at::Tensor find_tensor(const torch::nn::Module& root, const std::string& name);

/// Copies every parameter and buffer by name. Throws Error unless both trees hold the same names and shapes.
void copy_state(const torch::nn::Module& from, torch::nn::Module& to);

/// The module at a dotted path, which is made of empty modules where it is missing: names without code of their own.
torch::nn::Module& folder(torch::nn::Module& root, const std::string& path);

/// Of a name below `folder` the number that follows: 3 of "blocks.3.norm1.weight" in "blocks"; -1 of any other name.
int64_t child_number(std::string_view name, std::string_view folder);

/// Registers `leaf` at a dotted path: `put(*this, "transformer.layers.0.0.fn.norm", std::make_shared<LayerNorm>(dim))`.
template <typename M>
std::shared_ptr<M> put(torch::nn::Module& root, const std::string& path, std::shared_ptr<M> leaf) {
  const size_t dot = path.rfind('.');
  if (dot == std::string::npos) return root.register_module(path, std::move(leaf));
  return folder(root, path.substr(0, dot)).register_module(path.substr(dot + 1), std::move(leaf));
}

}  // namespace lafs::nn
