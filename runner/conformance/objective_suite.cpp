#include "runner/conformance/objective_suite.h"

#include <cstdint>

#include <fmt/format.h>
#include <torch/types.h>

#include "kernel/train/draws.h"
#include "lafs/rng.h"
#include "nn/train/initial_values.h"
#include "runner/conformance/module_checks.h"

namespace lafs::conformance {

void LastValues::value(std::string_view name, const at::Tensor& scalar) { values[std::string(name)] = scalar.item<double>(); }

void ObjectiveSuite::run() {
  findings_.guard("instances are made and initialised",
                  [&] { conform_module([&] { return assembly_.objective()->module(); }, findings_); });
  objective_ = assembly_.objective();
  root_ = objective_->module();
  const TorchChance chance;
  start(*objective_);
  findings_.expect(chance.untouched(), chance.promise, chance.what);
  const auto augmentation = assembly_.augmentation();
  findings_.guard("the augmentation makes the views that are required", [&] { assembly_.check_views(*objective_); });
  LoaderOptions options;
  options.seed = 1;
  options.batch = recipe_.run.batch;
  Loader loader(assembly_.data(), augmentation, recipe_.input, options, at::kCPU);
  batch_ = loader.next();
  findings_.guard("an encoder is named", [&] { encoder(); });
  findings_.guard("a step runs", [&] { loss(); });
  findings_.guard("two half batches run", [&] { accumulation(); });
  findings_.guard("a step in bf16 runs", [&] { half(); });
  findings_.guard("an unfinished step is left", [&] { unfinished(); });
  findings_.guard("whole steps run", [&] { updates(); });
  findings_.guard("training continues from a saved state", [&] { continued(); });
}

void ObjectiveSuite::start(Objective& objective) {
  const at::NoGradGuard no_grad;
  nn::initialise(*objective.module(), 1);
  objective.start();
}

Step ObjectiveSuite::step(int64_t index, const Batch* rows, int64_t micro_batch, int64_t micro_batches) {
  std::shared_ptr<const Draws> draws;
  if (rows) {
    const at::Tensor positions = rows->positions().contiguous();
    const auto* data = positions.const_data_ptr<int64_t>();
    draws = keyed_draws(1, index, 0, {data, data + positions.numel()}, at::kCPU);
  }
  Timeline time;
  time.index = index;
  time.total = 4;
  time.steps_per_epoch = 2;
  time.epochs = 2;
  time.images = 16;
  time.step_images = 8;
  return {time, micro_batch, micro_batches, draws, collective_, reporter_};
}

nn::NamedTensors ObjectiveSuite::gradients() {
  nn::NamedTensors all;
  for (const auto& [name, parameter] : nn::parameters_of(*root_)) {
    if (parameter.grad().defined()) all.emplace_back(name, parameter.grad().clone());
  }
  forget_gradients(*root_);
  return all;
}

void ObjectiveSuite::encoder() {
  findings_.expect(std::dynamic_pointer_cast<Backbone>(nn::submodule(*root_, objective_->encoder())) != nullptr,
                   "encoder() names a backbone of the tree", objective_->encoder());
  findings_.expect(objective_->module() == root_, "module() is always the same", "two calls differ");
  findings_.expect(!objective_->required_views().empty(), "the objective says which views it needs", "it says none");
}

void ObjectiveSuite::whole_step(Objective& objective, int64_t index) {
  objective.loss(*batch_, step(index, batch_.get())).backward();
  const at::NoGradGuard no_grad;
  const Step last = step(index, nullptr);
  objective.before_update(last);
  for (auto& [name, parameter] : nn::parameters_of(*objective.module())) {
    if (!parameter.requires_grad()) continue;
    at::Tensor p = parameter;
    p.add_(keyed_tensor(p.sizes().vec(), fold(key_of(name), static_cast<uint64_t>(index))), 1e-3);
  }
  forget_gradients(*objective.module());
  const nn::NamedTensors before = copy_of_state(*objective.module());
  objective.after_update(last);
  trained_and_written(*objective.module(), before);
}

void ObjectiveSuite::trained_and_written(const torch::nn::Module& root, const nn::NamedTensors& before) {
  const std::map<std::string, at::Tensor> old(before.begin(), before.end());
  for (const auto& [name, parameter] : nn::parameters_of(root)) {
    findings_.expect(!parameter.requires_grad() || at::equal(parameter, old.at(name)), "after_update changes no trainable parameter",
                     fmt::format("\"{}\" requires a gradient, and after_update changes it", name));
  }
}

void ObjectiveSuite::updates() {
  for (int64_t index = 0; index < 2; ++index) whole_step(*objective_, index);
  for (const auto& [name, tensor] : nn::state_of(*root_)) findings_.expect(finite(tensor), "the state stays finite", name);
  findings_.expect(finite(loss_of(*batch_, 2)), "the loss after updates is finite", "it is not");
  forget_gradients(*root_);
}

void ObjectiveSuite::continued() {
  const auto fresh = assembly_.objective();
  {
    const at::NoGradGuard no_grad;
    nn::copy_state(*root_, *fresh->module());
  }
  const double here = loss_of(*batch_, 2).item<double>(), there = fresh->loss(*batch_, step(2, batch_.get())).item<double>();
  findings_.expect(here == there, "the state is complete: saved and loaded, the next loss is the same",
                   fmt::format("{}, not {}", there, here));
  whole_step(*objective_, 2);
  whole_step(*fresh, 2);
  const std::string names = changed(copy_of_state(*root_), *fresh->module(), false);
  findings_.expect(names.empty(), "the state is complete: saved and loaded, the next update is the same", names);
}

}  // namespace lafs::conformance
