#include "nn/train/optimizer_walk.h"

#include <utility>

#include <torch/types.h>

namespace lafs::nn {

OptimizerWalk::OptimizerWalk(ParameterGroups groups, std::vector<StateSlot> slots) : groups_(std::move(groups)), slots_(std::move(slots)) {
  for (const auto& group : groups_) {
    for (const at::Tensor& p : group->parameters()) {
      const auto wide = p.options().dtype(at::kFloat).requires_grad(false);
      std::vector<at::Tensor>& tensors = state_.emplace_back();
      for (const StateSlot& slot : slots_) tensors.push_back(slot.shaped ? at::zeros_like(p, wide) : at::zeros({}, wide));
    }
  }
}

void OptimizerWalk::step(const std::function<void(const ParameterGroup&, LiveGroup&)>& update) const {
  const at::NoGradGuard no_grad;
  size_t place = 0;
  for (const auto& group : groups_) {
    LiveGroup live;
    live.slots.resize(slots_.size());
    for (const at::Tensor& p : group->parameters()) {
      const std::vector<at::Tensor>& tensors = state_[place++];
      if (!p.grad().defined()) continue;
      live.parameters.push_back(p);
      live.gradients.push_back(p.grad());
      for (size_t s = 0; s < tensors.size(); ++s) live.slots[s].push_back(tensors[s]);
    }
    if (!live.parameters.empty()) update(*group, live);
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
