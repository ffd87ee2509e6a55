#include "kernel/train/first_not_finite.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <mutex>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <ATen/SequenceNumber.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/isfinite.h>
#include <ATen/record_function.h>
#include <fmt/format.h>
#include <torch/nn/module.h>

namespace lafs {

struct FirstNotFinite::Watch {
  mutable std::mutex mutex;  // a GPU's backward pass runs on a thread of its own
  std::unordered_map<const c10::TensorImpl*, std::string> owners;
  std::string layer;                                      ///< whose parameters the forward pass used last
  std::vector<std::pair<uint64_t, std::string>> reached;  ///< the counter of autograd when a layer was reached, ascending
  int64_t backward_depth = 0;
  std::string backward_layer, last_backward_layer;
  NotFiniteSource found;

  void remember(NotFiniteSource source) {
    if (found.pass.empty()) found = std::move(source);
  }
  /// The layer that an operation with this number of autograd's counter belongs to.
  std::string layer_at(int64_t number) const {
    const auto after =
        std::partition_point(reached.begin(), reached.end(), [&](const auto& one) { return one.first <= static_cast<uint64_t>(number); });
    return after == reached.begin() ? "" : std::prev(after)->second;
  }
};

namespace {

FirstNotFinite::Watch* active = nullptr;

bool is_finite(const at::Tensor& tensor) {
  if (!tensor.defined() || !tensor.is_floating_point() || tensor.numel() == 0 || tensor.layout() != at::kStrided) return true;
  const at::RecordFunctionGuard unseen(false);
  const at::NoGradGuard no_grad;
  return at::isfinite(tensor).all().item<bool>();
}

template <typename Visit>
void each_tensor(const c10::IValue& value, const Visit& visit) {
  if (value.isTensor()) visit(value.toTensor());
  if (value.isTensorList())
    for (const at::Tensor& one : value.toTensorVector()) visit(one);
}

bool is_given_infinity(const c10::IValue& value) { return value.isDouble() && !std::isfinite(value.toDouble()); }

/// What an operation took, kept until it is over.
struct Taken final : at::ObserverContext {
  std::vector<at::Tensor> inputs;
  std::string layer_before;
  bool on_purpose = false;  ///< it was given a number that is not finite
  bool backward_node = false;
};

bool shares_memory(const at::Tensor& output, const std::vector<at::Tensor>& inputs) {
  return output.defined() && output.has_storage() && std::ranges::any_of(inputs, [&](const at::Tensor& input) {
           return input.defined() && input.has_storage() && input.storage().is_alias_of(output.storage());
         });
}

/// Memory that nothing was written to yet.
bool is_blank(std::string_view operation) {
  return operation.find("empty") != operation.npos || operation.find("resize") != operation.npos ||
         operation.find("set_") != operation.npos;
}

void begin_backward_node(FirstNotFinite::Watch& watch, const at::RecordFunction& function, const Taken& taken) {
  ++watch.backward_depth;
  watch.backward_layer = watch.layer_at(function.seqNr());
  // What no operation within the former nodes showed was made by code of theirs that torch does not see.
  if (watch.found.pass.empty() && !std::ranges::all_of(taken.inputs, is_finite))
    watch.remember({"backward", watch.last_backward_layer, function.name(), true});
}

std::unique_ptr<at::ObserverContext> begin(const at::RecordFunction& function) {
  FirstNotFinite::Watch& watch = *active;
  auto taken = std::make_unique<Taken>();
  for (const c10::IValue& input : function.inputs()) {
    each_tensor(input, [&](const at::Tensor& one) { taken->inputs.push_back(one); });
    taken->on_purpose = taken->on_purpose || is_given_infinity(input);
  }
  const std::lock_guard lock(watch.mutex);
  taken->layer_before = watch.layer;
  taken->backward_node = function.scope() == at::RecordScope::BACKWARD_FUNCTION;
  if (taken->backward_node) {
    begin_backward_node(watch, function, *taken);
  } else if (watch.backward_depth == 0) {
    for (const at::Tensor& one : taken->inputs) {
      const auto owner = watch.owners.find(one.unsafeGetTensorImpl());
      if (owner == watch.owners.end() || owner->second == watch.layer) continue;
      watch.layer = owner->second;
      watch.reached.emplace_back(at::sequence_number::peek(), watch.layer);
    }
  }
  return taken;
}

void look_at_operation(FirstNotFinite::Watch& watch, const at::RecordFunction& function, const Taken& taken) {
  const std::string_view name = function.name();
  if (taken.on_purpose || is_blank(name)) return;
  std::vector<at::Tensor> outputs;
  for (const c10::IValue& output : function.outputs()) each_tensor(output, [&](const at::Tensor& one) { outputs.push_back(one); });
  const bool backward = watch.backward_depth > 0;
  const bool changes_nothing_new = std::ranges::any_of(outputs, [&](const at::Tensor& one) { return shares_memory(one, taken.inputs); });
  if (!changes_nothing_new && !std::ranges::all_of(taken.inputs, is_finite)) {
    watch.remember({backward ? "backward" : "forward", backward ? watch.backward_layer : taken.layer_before, std::string(name), true});
  } else if ((!changes_nothing_new || name.ends_with('_')) && !std::ranges::all_of(outputs, is_finite)) {
    watch.remember({backward ? "backward" : "forward", backward ? watch.backward_layer : watch.layer, std::string(name), false});
  }
}

void end(const at::RecordFunction& function, at::ObserverContext* context) {
  if (!context) return;  // the beginning failed
  FirstNotFinite::Watch& watch = *active;
  const auto& taken = *static_cast<Taken*>(context);
  const std::lock_guard lock(watch.mutex);
  if (taken.backward_node) {
    watch.last_backward_layer = watch.backward_layer;
    --watch.backward_depth;
  } else if (watch.found.pass.empty()) {
    look_at_operation(watch, function, taken);
  }
}

}  // namespace

std::string not_finite_text(const NotFiniteSource& source) {
  if (source.pass.empty()) return "no operation of torch gave a number that is not finite";
  if (source.pass == "input") return fmt::format("the {} hold a number that is not finite before the step", source.layer);
  if (source.pass == "parameter")
    return fmt::format("the parameters of \"{}\" hold a number that is not finite before the step", source.layer);
  const std::string place = source.layer.empty() ? "before any layer"
                            : source.pass == "backward"
                                ? fmt::format("in the backward pass of layer \"{}\" or what follows it", source.layer)
                                : fmt::format("in layer \"{}\" or what follows it", source.layer);
  return fmt::format("the first number that is not finite is {} {}, {}", source.between ? "an input of" : "in the output of",
                     source.operation, place);
}

FirstNotFinite::FirstNotFinite(const torch::nn::Module& root) : watch_(std::make_unique<Watch>()) {
  for (const auto& item : root.named_parameters()) {
    const std::string& name = item.key();
    const size_t dot = name.rfind('.');
    const std::string layer = dot == name.npos ? name : name.substr(0, dot);
    watch_->owners[item.value().unsafeGetTensorImpl()] = layer;
    if (!is_finite(item.value())) watch_->remember({"parameter", layer, "", false});
  }
  active = watch_.get();
  handle_ = at::addThreadLocalCallback(at::RecordFunctionCallback(begin, end)
                                           .needsInputs(true)
                                           .needsOutputs(true)
                                           .scopes({at::RecordScope::FUNCTION, at::RecordScope::BACKWARD_FUNCTION}));
}

FirstNotFinite::~FirstNotFinite() {
  at::removeCallback(handle_);
  active = nullptr;
}

void FirstNotFinite::look_at_input(const at::Tensor& input, const std::string& name) {
  if (!is_finite(input)) watch_->remember({"input", name, "", false});
}

NotFiniteSource FirstNotFinite::found() const {
  const std::lock_guard lock(watch_->mutex);
  return watch_->found;
}

}  // namespace lafs
