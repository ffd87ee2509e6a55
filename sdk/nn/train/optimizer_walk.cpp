#include "nn/train/optimizer_walk.h"

#include <sys/mman.h>

#include <cstdint>
#include <utility>

#include <fmt/format.h>
#include <torch/types.h>

#include "lafs/error.h"
#include "nn/train/row_gradient.h"

namespace lafs::nn {

namespace {

/// Zeros of a parameter's shape. In main memory they are new pages of the system, which become real when they are first touched: state of a
/// model that is built but never trained costs nothing.
at::Tensor zeros_for(const at::Tensor& parameter, const at::TensorOptions& options) {
  constexpr int64_t small = 1 << 16;  // numbers
  if (!parameter.is_cpu() || parameter.numel() < small || !parameter.is_contiguous()) return at::zeros_like(parameter, options);
  const size_t bytes = static_cast<size_t>(parameter.numel()) * options.dtype().itemsize();
  void* pages = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (pages == MAP_FAILED) return at::zeros_like(parameter, options);  // whose error tells how much was asked for
  return at::from_blob(pages, parameter.sizes(), [bytes](void* begin) { ::munmap(begin, bytes); }, options);
}

}  // namespace

OptimizerWalk::OptimizerWalk(ParameterGroups groups, std::vector<StateSlot> slots) : groups_(std::move(groups)), slots_(std::move(slots)) {
  for (const auto& group : groups_) {
    for (size_t i = 0; i < group->parameters().size(); ++i) {
      const at::Tensor& p = group->parameters()[i];
      const auto wide = p.options().dtype(at::kFloat).requires_grad(false);
      const bool by_row = group->row_updates(i) == RowUpdates::counted_by_row;
      const std::vector<int64_t> scalar = by_row ? std::vector<int64_t>{p.size(0)} : std::vector<int64_t>{};
      std::vector<at::Tensor>& tensors = state_.emplace_back();
      for (const StateSlot& slot : slots_) tensors.push_back(slot.shaped ? zeros_for(p, wide) : at::zeros(scalar, wide));
    }
  }
}

void OptimizerWalk::step(const std::function<void(const ParameterGroup&, LiveGroup&)>& update, RowOptimizer* rows) const {
  const at::NoGradGuard no_grad;
  size_t place = 0;
  for (const auto& group : groups_) {
    LiveGroup live;
    live.slots.resize(slots_.size());
    const size_t first = place;
    for (const at::Tensor& p : group->parameters()) {
      const std::vector<at::Tensor>& tensors = state_[place++];
      if (!p.grad().defined() || p.grad().is_sparse()) continue;
      live.parameters.push_back(p);
      live.gradients.push_back(p.grad());
      for (size_t s = 0; s < tensors.size(); ++s) live.slots[s].push_back(tensors[s]);
    }
    if (!live.parameters.empty()) update(*group, live);
    step_rows(*group, first, rows);
  }
}

void OptimizerWalk::step_rows(const ParameterGroup& group, size_t first, RowOptimizer* rows) const {
  for (size_t i = 0; i < group.parameters().size(); ++i) {
    at::Tensor p = group.parameters()[i];
    if (!p.grad().defined() || !p.grad().is_sparse()) continue;
    if (!rows)
      throw Error(fmt::format("the gradient of \"{}\" is sparse, and this optimizer updates whole parameters only", group.names()[i]));
    const at::Tensor gradient = coalesced_rows(p.grad());
    std::vector<at::Tensor> slots = state_[first + i];
    rows->update_rows(group, {p, gradient._indices()[0].cpu().contiguous(), gradient._values(), slots});
  }
}

void OptimizerWalk::visit(StateVisitor& visitor) {
  size_t place = 0;
  for (const auto& group : groups_) {
    for (const std::string& name : group->names()) {
      std::vector<at::Tensor>& tensors = state_[place++];
      for (size_t s = 0; s < tensors.size(); ++s) visitor.tensor(name, slots_[s].name, tensors[s], slots_[s].shaped);
    }
  }
}

}  // namespace lafs::nn
