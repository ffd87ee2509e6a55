#include "kernel/train/first_not_finite.h"

#include <algorithm>
#include <cmath>
#include <mutex>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include <ATen/SequenceNumber.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/isfinite.h>
#include <ATen/ops/isnan.h>
#include <ATen/record_function.h>
#include <fmt/format.h>
#include <torch/nn/module.h>

namespace lafs {

struct FirstNotFinite::Watch {
  mutable std::mutex mutex;  // a GPU's backward pass runs on a thread of its own
  std::unordered_map<const c10::TensorImpl*, std::string> owners;
  /// The operation that was called from outside of any other, within which others run.
  struct Outer {
    std::string operation, layer_before;
    bool bad_inputs = false;
  };
  int64_t depth = 0;  ///< operations within each other
  Outer outer;
  std::unordered_set<const c10::StorageImpl*> excused;    ///< memory with numbers that are not finite on purpose
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

const c10::StorageImpl* storage_of(const at::Tensor& tensor) {
  return tensor.defined() && tensor.has_storage() ? tensor.storage().unsafeGetStorageImpl() : nullptr;
}

bool all_sound(const std::vector<at::Tensor>& tensors, const FirstNotFinite::Watch& watch) {
  return std::ranges::all_of(tensors, [&](const at::Tensor& one) { return watch.excused.contains(storage_of(one)) || is_finite(one); });
}

bool has_nan(const at::Tensor& tensor) {
  if (!tensor.defined() || !tensor.is_floating_point() || tensor.numel() == 0) return false;
  const at::RecordFunctionGuard unseen(false);
  const at::NoGradGuard no_grad;
  return at::isnan(tensor).any().item<bool>();
}

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
  if (watch.found.pass.empty() && !all_sound(taken.inputs, watch))
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
    return taken;
  }
  if (watch.depth++ == 0 && watch.found.pass.empty()) watch.outer = {function.name(), watch.layer, !all_sound(taken->inputs, watch)};
  if (watch.backward_depth > 0) return taken;
  for (const at::Tensor& one : taken->inputs) {
    const auto owner = watch.owners.find(one.unsafeGetTensorImpl());
    if (owner == watch.owners.end() || owner->second == watch.layer) continue;
    watch.layer = owner->second;
    watch.reached.emplace_back(at::sequence_number::peek(), watch.layer);
  }
  return taken;
}

/// Infinities that were asked for, as a mask, and what follows from them: never a number that is none.
bool excuse(FirstNotFinite::Watch& watch, const Taken& taken, const std::vector<at::Tensor>& outputs) {
  const bool from_excused =
      std::ranges::any_of(taken.inputs, [&](const at::Tensor& one) { return watch.excused.contains(storage_of(one)); });
  if (!taken.on_purpose && !from_excused) return false;
  for (const at::Tensor& one : outputs) {
    if (is_finite(one)) continue;
    if (!taken.on_purpose && has_nan(one)) return false;
    watch.excused.insert(storage_of(one));
  }
  return true;
}

void look_at_operation(FirstNotFinite::Watch& watch, const at::RecordFunction& function, const Taken& taken) {
  const std::string_view name = function.name();
  if (is_blank(name)) return;
  std::vector<at::Tensor> outputs;
  for (const c10::IValue& output : function.outputs()) each_tensor(output, [&](const at::Tensor& one) { outputs.push_back(one); });
  if (excuse(watch, taken, outputs)) return;
  const bool backward = watch.backward_depth > 0;
  const std::string pass = backward ? "backward" : "forward";
  const bool changes_nothing_new = std::ranges::any_of(outputs, [&](const at::Tensor& one) { return shares_memory(one, taken.inputs); });
  if (!changes_nothing_new && !all_sound(taken.inputs, watch)) {
    const bool from_outside = watch.outer.bad_inputs;
    const std::string before = backward ? watch.backward_layer : from_outside ? watch.outer.layer_before : taken.layer_before;
    watch.remember({pass, before, from_outside ? watch.outer.operation : std::string(name), true});
  } else if ((!changes_nothing_new || name.ends_with('_')) && !all_sound(outputs, watch)) {
    watch.remember({pass, backward ? watch.backward_layer : watch.layer, std::string(name), false});
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
    return;
  }
  if (watch.found.pass.empty()) look_at_operation(watch, function, taken);
  --watch.depth;
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
