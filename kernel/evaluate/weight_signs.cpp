#include "kernel/evaluate/weight_signs.h"

#include <ATen/ATen.h>
#include <torch/nn/module.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

namespace lafs {

namespace {

constexpr int64_t least_side = 16;
constexpr int power_iterations = 60;

/// From below; close to the true value where one direction stands out, which is what is asked.
double largest_singular_value(const at::Tensor& matrix) {
  at::Tensor direction = at::ones({matrix.size(1)}, matrix.options());
  direction.index_put_({at::arange(0, matrix.size(1), 2)}, -0.5);  // the sum of all columns may be no direction at all
  double value = 0;
  for (int i = 0; i < power_iterations; ++i) {
    direction = direction / direction.norm().clamp_min(1e-30);
    const at::Tensor image = matrix.mv(direction);
    value = image.norm().item<double>();
    direction = matrix.t().mv(image);
  }
  return value;
}

/// Whether the entries could be independent draws: nothing in their spectrum stands out.
bool looks_drawn(const at::Tensor& matrix) {
  const double rows = static_cast<double>(matrix.size(0)), columns = static_cast<double>(matrix.size(1));
  const at::Tensor centred = matrix - matrix.mean();
  const double deviation = centred.std(false).item<double>();
  const double edge = deviation * (std::sqrt(rows) + std::sqrt(columns));
  const double fluctuation = std::pow(std::min(rows, columns), -2.0 / 3.0);  // of the largest value around the edge
  return largest_singular_value(centred) <= edge * (1.05 + fluctuation);
}

bool at_first_value(const at::Tensor& vector) { return vector.eq(1).all().item<bool>() || vector.eq(0).all().item<bool>(); }

/// "blocks.3" of "blocks.3.attn.qkv.weight": up to the last number; empty where there is none.
std::string numbered_part(const std::string& name) {
  std::string part;
  for (size_t begin = 0; begin < name.size();) {
    const size_t end = std::min(name.find('.', begin), name.size());
    if (std::all_of(name.begin() + static_cast<std::ptrdiff_t>(begin), name.begin() + static_cast<std::ptrdiff_t>(end),
                    [](char c) { return c >= '0' && c <= '9'; })) {
      if (part.empty()) part = name.substr(0, end);
    }
    begin = end + 1;
  }
  return part;
}

struct PartCount {
  int64_t matrices = 0, drawn = 0, vectors = 0, initial = 0;
  bool untrained() const { return matrices > 0 && vectors > 0 && drawn == matrices && initial == vectors; }
};

}  // namespace

WeightSigns weight_signs(const torch::nn::Module& network) {
  const at::NoGradGuard no_grad;
  WeightSigns signs;
  for (const auto& parameter : network.named_parameters()) {
    const at::Tensor values = parameter.value().detach().to(at::kCPU, at::kFloat);
    if (values.numel() == 0) continue;
    if (values.dim() == 1) {
      ++signs.vectors;
      signs.names_of_vectors.push_back(parameter.key());
      if (at_first_value(values)) signs.initial.push_back(parameter.key());
      if (std::abs(values.mean().item<double>() - 1) < 0.5) ++signs.scales;
      continue;
    }
    if (values.dim() < 2) continue;
    const at::Tensor matrix = values.flatten(1);
    if (matrix.size(0) < least_side || matrix.size(1) < least_side) continue;
    ++signs.matrices;
    signs.names_of_matrices.push_back(parameter.key());
    if (matrix.eq(matrix.flatten()[0]).all().item<bool>()) {
      signs.constant.push_back(parameter.key());
    } else if (looks_drawn(matrix)) {
      signs.random_like.push_back(parameter.key());
    }
  }
  return signs;
}

bool WeightSigns::untrained() const {
  const bool moved = scales > 0 && 4 * std::ssize(initial) < vectors;
  return matrices >= 2 && !moved && 10 * static_cast<int64_t>(random_like.size() + constant.size()) >= 9 * matrices;
}

std::vector<std::string> WeightSigns::untrained_parts() const {
  std::map<std::string, PartCount> parts;
  const std::set<std::string> drawn(random_like.begin(), random_like.end()), first(initial.begin(), initial.end());
  for (const std::string& name : names_of_matrices) {
    PartCount& part = parts[numbered_part(name)];
    ++part.matrices;
    part.drawn += drawn.contains(name) ? 1 : 0;
  }
  for (const std::string& name : names_of_vectors) {
    PartCount& part = parts[numbered_part(name)];
    ++part.vectors;
    part.initial += first.contains(name) ? 1 : 0;
  }
  std::vector<std::string> found;
  for (const auto& [name, part] : parts) {
    if (!name.empty() && part.untrained()) found.push_back(name);
  }
  return found;
}

}  // namespace lafs
