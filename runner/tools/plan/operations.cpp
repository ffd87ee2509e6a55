#include "runner/tools/plan/operations.h"

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <ATen/ops/zeros.h>
#include <ATen/record_function.h>
#include <torch/nn/module.h>

#include "kernel/train/trainer.h"
#include "lafs/backbone.h"

namespace lafs {

namespace {

thread_local double counted = 0;

/// Of a product of matrices, or of each in two batches of them.
double product(const at::Tensor& a, const at::Tensor& b) { return 2.0 * static_cast<double>(a.numel()) * static_cast<double>(b.size(-1)); }

/// About: as if the borders were padded.
double convolution(const at::Tensor& images, const at::Tensor& weight, const std::vector<int64_t>& stride) {
  const int64_t places = images.size(0) * (images.size(2) / stride.front()) * (images.size(3) / stride.back());
  return 2.0 * static_cast<double>(weight.numel()) * static_cast<double>(places);
}

double operations_of(std::string_view name, c10::ArrayRef<const c10::IValue> inputs) {
  const auto tensor = [&](size_t i) { return inputs.at(i).toTensor(); };
  if (name == "aten::mm" || name == "aten::bmm") return product(tensor(0), tensor(1));
  if (name == "aten::addmm" || name == "aten::baddbmm") return product(tensor(1), tensor(2));
  if (name == "aten::conv2d") return convolution(tensor(0), tensor(1), inputs.at(3).toIntVector());
  // Attention in one piece is two products.
  if (name.starts_with("aten::_scaled_dot_product_") && (name.find("flash") != name.npos || name.find("efficient") != name.npos))
    return 4.0 * static_cast<double>(tensor(0).numel()) * static_cast<double>(tensor(1).size(-2));
  return 0;
}

std::unique_ptr<at::ObserverContext> count(const at::RecordFunction& function) {
  counted += operations_of(function.name(), function.inputs());
  return nullptr;
}

/// Operations of a forward pass of one image of this size.
double forward_operations(Backbone& backbone, int64_t height, int64_t width, at::Device device) {
  counted = 0;
  const auto handle = at::addThreadLocalCallback(at::RecordFunctionCallback(count).needsInputs(true).scopes({at::RecordScope::FUNCTION}));
  try {
    backbone.forward(at::zeros({1, 3, height, width}, device), {});
  } catch (...) {
    at::removeCallback(handle);
    throw;
  }
  at::removeCallback(handle);
  return counted;
}

/// Parameters of a tree.
struct Sizes {
  double trained = 0, frozen = 0;
  void add(const torch::nn::Module& module) {
    for (const auto& parameter : module.parameters()) {
      (parameter.requires_grad() ? trained : frozen) += static_cast<double>(parameter.numel());
    }
  }
};

/// Of the backbones in a tree; one inside another counts once.
Sizes backbone_sizes(const torch::nn::Module& root) {
  Sizes sizes;
  std::string inside;
  for (const auto& item : root.named_modules()) {
    if (!inside.empty() && item.key().starts_with(inside)) continue;
    if (!dynamic_cast<const Backbone*>(item.value().get())) continue;
    sizes.add(*item.value());
    inside = item.key() + ".";
  }
  return sizes;
}

}  // namespace

int64_t parameter_count(const Trainer& trainer) {
  int64_t count = 0;
  for (const auto& group : trainer.groups()) {
    for (const auto& parameter : group->parameters()) count += parameter.numel();
  }
  return count;
}

double step_operations(Trainer& trainer, const ViewLayout& layout, at::Device device) {
  const at::NoGradGuard no_grad;
  const std::shared_ptr<Backbone> encoder = trainer.encoder();
  for (at::Tensor& parameter : encoder->module()->parameters()) parameter.zero_();
  Sizes own, all;
  own.add(*encoder->module());
  all.add(trainer.root());
  const Sizes backbones = backbone_sizes(trainer.root());
  const double networks = (3 * backbones.trained + backbones.frozen) / std::max(1.0, own.trained + own.frozen);
  const double rest = 6 * (all.trained - backbones.trained) + 2 * (all.frozen - backbones.frozen);
  std::map<std::pair<int64_t, int64_t>, double> by_size;
  double sum = 1;
  for (const ViewGroup& group : layout) {
    const auto [known, is_new] = by_size.try_emplace({group.height, group.width}, 0);
    if (is_new) known->second = forward_operations(*encoder, group.height, group.width, device);
    sum += static_cast<double>(group.count) * (networks * known->second + rest);
  }
  return sum;
}

}  // namespace lafs
