#include "nn/train/initial_values.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>
#include <utility>

#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <fmt/format.h>
#include <torch/types.h>

#include "lafs/error.h"
#include "lafs/initialised.h"
#include "lafs/rng.h"

namespace lafs::nn {

namespace {

/// (0, 1): the ends are left out, so that a logarithm is finite.
double open_unit(uint32_t word) { return (static_cast<double>(word) + 0.5) * 0x1p-32; }

double normal(uint32_t first, uint32_t second) {
  return std::sqrt(-2 * std::log(open_unit(first))) * std::cos(2 * std::numbers::pi * open_unit(second));
}

void uniform_row(const InitRule& rule, uint64_t key, float* row, int64_t width) {
  const auto low = static_cast<float>(rule.a), high = static_cast<float>(rule.b);
  for (int64_t i = 0; i < width; i += 4) {
    const auto words = philox(key, static_cast<uint64_t>(i / 4));
    for (int64_t j = i; j < std::min(i + 4, width); ++j) {
      const auto value = static_cast<float>(rule.a + (rule.b - rule.a) * open_unit(words[static_cast<size_t>(j - i)]));
      row[j] = std::clamp(value, low, high);
    }
  }
}

void normal_row(const InitRule& rule, uint64_t key, float* row, int64_t width) {
  for (int64_t i = 0; i < width; i += 2) {
    const auto words = philox(key, static_cast<uint64_t>(i / 2));
    row[i] = static_cast<float>(rule.a + rule.b * normal(words[0], words[1]));
    if (i + 1 < width) row[i + 1] = static_cast<float>(rule.a + rule.b * normal(words[2], words[3]));
  }
}

/// Redraws what lies outside the cut, each try of an element under a key of its own.
void truncated_row(const InitRule& rule, uint64_t key, float* row, int64_t width) {
  normal_row(rule, key, row, width);
  for (int64_t i = 0; i < width; ++i) {
    for (uint64_t attempt = 1; std::abs(static_cast<double>(row[i]) - rule.a) > 2; ++attempt) {
      const auto words = philox(fold(key, attempt), static_cast<uint64_t>(i));
      row[i] = static_cast<float>(rule.a + rule.b * normal(words[0], words[1]));
    }
  }
}

void unit_row(uint64_t key, float* row, int64_t width) {
  uniform_row({"", InitRule::Shape::uniform, -1, 1}, key, row, width);
  double square = 0;
  for (int64_t i = 0; i < width; ++i) square += static_cast<double>(row[i]) * row[i];
  const double scale = 1 / std::sqrt(square);
  for (int64_t i = 0; i < width; ++i) row[i] = static_cast<float>(row[i] * scale);
}

void fill_row(const InitRule& rule, uint64_t key, float* row, int64_t width) {
  switch (rule.shape) {
    case InitRule::Shape::constant:
      std::fill_n(row, width, static_cast<float>(rule.a));
      break;
    case InitRule::Shape::uniform:
      uniform_row(rule, key, row, width);
      break;
    case InitRule::Shape::normal:
      normal_row(rule, key, row, width);
      break;
    case InitRule::Shape::truncated_normal:
      truncated_row(rule, key, row, width);
      break;
    case InitRule::Shape::unit_rows:
      unit_row(key, row, width);
      break;
  }
}

/// `first_row`: the index that the first row has in the whole parameter.
void fill(const at::Tensor& parameter, const InitRule& rule, uint64_t key, int64_t first_row) {
  if (parameter.numel() == 0) return;
  const bool in_place = parameter.is_cpu() && parameter.scalar_type() == at::kFloat && parameter.is_contiguous();
  const at::Tensor values = in_place ? parameter.detach() : at::empty(parameter.sizes(), at::kFloat);
  const int64_t rows = values.dim() > 0 ? values.size(0) : 1, width = values.numel() / rows;
  auto* data = values.mutable_data_ptr<float>();
  at::parallel_for(0, rows, std::max<int64_t>(1, 16384 / width), [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) fill_row(rule, fold(key, static_cast<uint64_t>(first_row + r)), data + r * width, width);
  });
  if (!in_place) parameter.copy_(values);
}

int64_t first_row_of(const torch::nn::Module& module, const std::string& parameter) {
  const auto* sharded = dynamic_cast<const Sharded*>(&module);
  if (!sharded) return 0;
  for (const Shard& shard : sharded->shards()) {
    if (shard.parameter != parameter) continue;
    if (shard.dimension != 0)
      throw Error(fmt::format("parameter \"{}\" is cut along dimension {}, and starts from rows", parameter, shard.dimension));
    return shard.offset;
  }
  return 0;
}

void initialise_under(torch::nn::Module& module, const std::string& prefix, uint64_t seed) {
  const auto* own = dynamic_cast<const Initialised*>(&module);
  const std::vector<InitRule> rules = own ? own->init_rules() : std::vector<InitRule>();
  for (const auto& item : module.named_parameters(false)) {
    if (!item.value().defined()) continue;
    const auto rule = std::find_if(rules.begin(), rules.end(), [&](const InitRule& r) { return r.parameter == item.key(); });
    if (rule == rules.end()) throw Error(fmt::format("parameter \"{}{}\" has no initialisation rule", prefix, item.key()));
    fill(item.value(), *rule, fold(seed, key_of(prefix + item.key())), first_row_of(module, item.key()));
  }
  for (const auto& child : module.named_children()) initialise_under(*child.value(), prefix + child.key() + ".", seed);
}

}  // namespace

void initialise(torch::nn::Module& root, uint64_t seed) {
  const at::NoGradGuard no_grad;
  initialise_under(root, "", seed);
}

}  // namespace lafs::nn
