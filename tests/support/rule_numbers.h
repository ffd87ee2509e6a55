#pragma once
/// Weights from a rule instead of a file (models.md 16): a number is a function of a key and an index.
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <torch/types.h>

#include "nn/layers/tree.h"

namespace lafs::test {

/// r(key, t) in [-1, 1), double.
inline double rule_number(const std::string& key, uint32_t t) {
  uint32_t h = 0x811c9dc5u;
  for (const char c : key) h = (h ^ static_cast<unsigned char>(c)) * 0x01000193u;
  h += t;
  h ^= h >> 16;
  h *= 0x7feb352du;
  h ^= h >> 15;
  h *= 0x846ca68bu;
  h ^= h >> 16;
  return static_cast<double>(h) * 0x1p-31 - 1;
}

inline at::Tensor rule_tensor(const std::string& key, const std::vector<int64_t>& shape) {
  at::Tensor out = at::empty(shape, at::kDouble);
  auto* data = out.mutable_data_ptr<double>();
  for (int64_t i = 0; i < out.numel(); ++i) data[i] = rule_number(key, static_cast<uint32_t>(i));
  return out;
}

/// The value of parameter `name`; the hashed key is salt + name, the rule is chosen by the name alone.
inline at::Tensor rule_parameter(const std::string& salt, const std::string& name, const std::vector<int64_t>& shape) {
  const at::Tensor r = rule_tensor(salt + name, shape);
  const auto fan_in = static_cast<double>(shape.empty() || shape[0] == 0 ? 1 : r.numel() / shape[0]);
  if (name.ends_with("running_var")) return 1 + 0.5 * r.abs();
  if (name.ends_with("running_mean")) return 0.1 * r;
  if (name.ends_with(".bias")) return 0.05 * r;
  if (name.find("prelu") != std::string::npos) return 0.25 + 0.1 * r;
  if (name.ends_with("weight_g")) return at::ones_like(r);
  if (name == "pos_embedding" || name == "pos_embed" || name == "cls_token" || name == "mask_token") return 0.5 * r;
  if (r.dim() == 1) return 1 + 0.1 * r;
  if (r.dim() == 4 && name.starts_with("stn.")) return r * std::sqrt(6 / fan_in);
  return r * std::sqrt(3 / fan_in);
}

inline void fill_by_rule(torch::nn::Module& root, const std::string& salt = "") {
  const at::NoGradGuard no_grad;
  for (const auto& [name, tensor] : nn::state_of(root)) {
    if (!name.ends_with("num_batches_tracked")) tensor.copy_(rule_parameter(salt, name, tensor.sizes().vec()));
  }
}

/// A row of the table: the first eight numbers, the sum and the L2 norm.
struct GoldenRow {
  std::vector<double> first;
  double sum, norm;
};

inline void check_row(const at::Tensor& tensor, const GoldenRow& row, double limit) {
  const at::Tensor flat = tensor.detach().flatten().to(at::kDouble);
  for (size_t i = 0; i < row.first.size(); ++i) CHECK(std::abs(flat[static_cast<int64_t>(i)].item<double>() - row.first[i]) < limit);
  CHECK(std::abs(flat.sum().item<double>() - row.sum) < limit * std::sqrt(static_cast<double>(flat.numel())));
  CHECK(std::abs(flat.norm().item<double>() - row.norm) < limit);
}

/// 32-bit FNV-1a of the lines "name dims" of a state (models.md 13.10).
inline uint32_t key_list_hash(const torch::nn::Module& module) {
  uint32_t hash = 0x811c9dc5u;
  for (const auto& [name, tensor] : nn::state_of(module)) {
    const std::string line = fmt::format("{} {}\n", name, tensor.dim() > 0 ? fmt::format("{}", fmt::join(tensor.sizes(), "x")) : "-");
    for (const char c : line) hash = (hash ^ static_cast<unsigned char>(c)) * 0x01000193u;
  }
  return hash;
}

inline int64_t parameter_count(const torch::nn::Module& module) {
  int64_t count = 0;
  for (const auto& [name, parameter] : nn::parameters_of(module)) count += parameter.numel();
  return count;
}

}  // namespace lafs::test
