#include "runner/conformance/module_checks.h"

#include <algorithm>
#include <limits>
#include <set>
#include <variant>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <torch/types.h>

#include "kernel/recipe/document.h"
#include "kernel/recipe/recipe.h"
#include "kernel/recipe/resolver.h"
#include "lafs/error.h"
#include "lafs/rng.h"
#include "nn/train/initial_values.h"

namespace lafs::conformance {

at::Tensor keyed_tensor(const std::vector<int64_t>& shape, uint64_t key) {
  at::Tensor out = at::empty(shape, at::kFloat);
  Rng rng(key);
  auto* data = out.mutable_data_ptr<float>();
  for (int64_t i = 0; i < out.numel(); ++i) data[i] = static_cast<float>(rng.uniform(-1, 1));
  return out;
}

bool finite(const at::Tensor& tensor) { return at::isfinite(tensor).all().item<bool>(); }

double largest_difference(const at::Tensor& a, const at::Tensor& b) {
  return (a.to(at::kDouble) - b.to(at::kDouble)).abs().max().item<double>();
}

double relative_difference(const at::Tensor& a, const at::Tensor& b) {
  return (a.to(at::kDouble) - b.to(at::kDouble)).norm().item<double>() / std::max(b.to(at::kDouble).norm().item<double>(), 1e-12);
}

std::string shape_text(const at::Tensor& tensor) {
  return tensor.defined() ? fmt::format("[{}]", fmt::join(tensor.sizes(), ", ")) : "undefined";
}

nn::NamedTensors copy_of_state(const torch::nn::Module& root) {
  nn::NamedTensors copies;
  for (const auto& [name, tensor] : nn::state_of(root)) copies.emplace_back(name, tensor.detach().clone());
  return copies;
}

bool belongs_to_batch_norm(const std::string& name, const nn::NamedTensors& state) {
  const std::string count = "num_batches_tracked", module = name.substr(0, name.rfind('.') + 1);
  if (name != module + "running_mean" && name != module + "running_var" && name != module + count) return false;
  return std::any_of(state.begin(), state.end(), [&](const auto& item) { return item.first == module + count; });
}

bool has_batch_norm(const torch::nn::Module& root) {
  const nn::NamedTensors state = nn::state_of(root);
  return std::any_of(state.begin(), state.end(), [&](const auto& item) { return belongs_to_batch_norm(item.first, state); });
}

std::string changed(const nn::NamedTensors& before, const torch::nn::Module& root, bool batch_norm_may) {
  std::vector<std::string> names;
  const nn::NamedTensors now = nn::state_of(root);
  for (size_t i = 0; i < std::min(now.size(), before.size()); ++i) {
    if (batch_norm_may && belongs_to_batch_norm(now[i].first, now)) continue;
    if (!at::equal(now[i].second, before[i].second)) names.push_back(now[i].first);
  }
  if (now.size() != before.size()) names.push_back("the number of tensors");
  return fmt::format("{}", fmt::join(names, ", "));
}

std::string without_gradient(const torch::nn::Module& root, const std::string& excluded_prefix) {
  std::vector<std::string> names;
  for (const auto& [name, parameter] : nn::parameters_of(root)) {
    if (!parameter.requires_grad() || (!excluded_prefix.empty() && name.starts_with(excluded_prefix))) continue;
    if (!parameter.grad().defined() || parameter.grad().count_nonzero().item<int64_t>() == 0) names.push_back(name);
  }
  return fmt::format("{}", fmt::join(names, ", "));
}

void stir(const torch::nn::Module& root) {
  const at::NoGradGuard no_grad;
  for (const auto& [name, parameter] : nn::parameters_of(root)) {
    if (!parameter.requires_grad()) continue;
    at::Tensor p = parameter;
    p.add_(keyed_tensor(p.sizes().vec(), key_of(name)), 1e-2);
  }
}

void forget_gradients(const torch::nn::Module& root) {
  for (const auto& [name, parameter] : nn::parameters_of(root)) {
    at::Tensor p = parameter;
    p.mutable_grad() = at::Tensor();
  }
}

double number_option(const AnyUse& use, std::string_view key, double otherwise) {
  const Node options = parse_toml(options_text(use), "options", {});
  const Node* node = options.find(key);
  if (!node) return otherwise;
  if (const auto* real = std::get_if<double>(&node->value)) return *real;
  if (const auto* whole = std::get_if<int64_t>(&node->value)) return static_cast<double>(*whole);
  return otherwise;
}

bool drops(const AnyUse& use) {
  const Node options = parse_toml(options_text(use), "options", {});
  for (const Field& field : *options.fields()) {
    const auto* share = std::get_if<double>(&field.value.value);
    if (share && *share > 0 && field.name.find("drop") != std::string::npos) return true;
  }
  return false;
}

void conform_module(const std::function<std::shared_ptr<torch::nn::Module>()>& make, Findings& findings) {
  const auto first = make(), second = make(), third = make();
  std::set<std::string> names;
  for (const auto& [name, tensor] : nn::state_of(*first)) {
    findings.expect(names.insert(name).second, "names of the state are unique", name);
    findings.expect(tensor.defined(), "every tensor of the state is there", name);
  }
  for (const auto& module : {first, second, third}) {
    const at::NoGradGuard no_grad;
    for (const auto& [name, parameter] : nn::parameters_of(*module)) {
      if (parameter.is_floating_point()) parameter.fill_(std::numeric_limits<double>::quiet_NaN());
    }
  }
  nn::initialise(*first, 1);
  nn::initialise(*second, 1);
  nn::initialise(*third, 2);
  const nn::NamedTensors a = nn::state_of(*first), b = nn::state_of(*second), c = nn::state_of(*third);
  if (a.size() != b.size() || a.size() != c.size()) {
    findings.add("every instance has the same tensors", fmt::format("{}, {} and {}", a.size(), b.size(), c.size()));
    return;
  }
  bool differs = nn::parameters_of(*first).empty();
  for (size_t i = 0; i < a.size(); ++i) {
    findings.expect(finite(a[i].second), "initialise gives every parameter a value", a[i].first);
    findings.expect(at::equal(a[i].second, b[i].second), "the same seed gives the same first values", a[i].first);
    differs = differs || !at::equal(a[i].second, c[i].second);
  }
  findings.expect(differs, "another seed gives other first values", "all are equal");
}

at::Tensor TorchChance::state() { return at::globalContext().defaultGenerator(at::kCPU).get_state(); }

bool TorchChance::untouched() const { return at::equal(before_, state()); }

}  // namespace lafs::conformance
