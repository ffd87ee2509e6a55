#include "runner/conformance/suites.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <torch/types.h>

#include "kernel/data/loader.h"
#include "kernel/model/assembly.h"
#include "kernel/ranks/solo_collective.h"
#include "kernel/recipe/recipe.h"
#include "kernel/registry/registry.h"
#include "kernel/train/draws.h"
#include "lafs/objective.h"
#include "runner/conformance/findings.h"
#include "runner/conformance/module_checks.h"

namespace lafs::conformance {

namespace {

/// What every objective is tried with; the example adds its own table, the augmentation and what else it needs.
const char* common_recipe = R"(
[run]
batch = 8
epochs = 2
[input]
height = 64
width = 64
[data_source]
use = "synthetic_faces"
identities = 4
per_identity = 4
size = 64
[backbone]
use = "fvit"
patch = 8
dim = 48
depth = 2
heads = 3
dim_head = 16
mlp_dim = 64
dropout = 0
emb_dropout = 0
drop_path = 0
[projector]
use = "dino_head"
hidden = 32
bottleneck = 16
outputs = 40
[head]
use = "cosface"
[optimizer]
use = "adamw"
)";

/// Some rows of a batch.
class BatchRows final : public Batch {
 public:
  BatchRows(const Batch& whole, int64_t first, int64_t end) : whole_(whole), first_(first), end_(end) {}
  int64_t size() const override { return end_ - first_; }
  bool has(std::string_view group) const override { return whole_.has(group); }
  at::Tensor views(std::string_view group) const override { return whole_.views(group).slice(1, first_, end_); }
  at::Tensor landmarks(std::string_view group) const override { return whole_.landmarks(group).slice(1, first_, end_); }
  at::Tensor labels() const override { return whole_.labels().slice(0, first_, end_); }
  at::Tensor positions() const override { return whole_.positions().slice(0, first_, end_); }
  at::Tensor indices() const override { return whole_.indices().slice(0, first_, end_); }

 private:
  const Batch& whole_;
  int64_t first_, end_;
};

class LastValues final : public Reporter {
 public:
  std::map<std::string, double, std::less<>> values;
  void value(std::string_view name, double number) override { values[std::string(name)] = number; }
  void value(std::string_view name, const at::Tensor& scalar) override { values[std::string(name)] = scalar.item<double>(); }
};

/// The promises of objective.h, in a tiny recipe.
class ObjectiveSuite {
 public:
  ObjectiveSuite(const Recipe& recipe, bool batch_coupled, Findings& findings)
      : batch_coupled_(batch_coupled),
        findings_(findings),
        assembly_(recipe, RecipeAssembly::Data::open, [](const std::string&) {}),
        recipe_(recipe) {}

  void run() {
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
    findings_.guard("a saved state goes on", [&] { continued(); });
  }

 private:
  static void start(Objective& objective) {
    const at::NoGradGuard no_grad;
    nn::initialise(*objective.module(), 1);
    objective.start();
  }

  Step step(int64_t index, const Batch* rows, int64_t micro_batch = 0, int64_t micro_batches = 1) {
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
  at::Tensor loss_of(const Batch& batch, int64_t index = 1) { return objective_->loss(batch, step(index, &batch)); }

  /// Gradients of the tree after backward, in its order; forgotten there.
  nn::NamedTensors gradients() {
    nn::NamedTensors all;
    for (const auto& [name, parameter] : nn::parameters_of(*root_)) {
      if (parameter.grad().defined()) all.emplace_back(name, parameter.grad().clone());
    }
    forget_gradients(*root_);
    return all;
  }

  void encoder() {
    findings_.expect(std::dynamic_pointer_cast<Backbone>(nn::submodule(*root_, objective_->encoder())) != nullptr,
                     "encoder() names a backbone of the tree", objective_->encoder());
    findings_.expect(objective_->module() == root_, "module() is always the same", "two calls differ");
    findings_.expect(!objective_->required_views().empty(), "the objective says which views it needs", "it says none");
  }

  void loss() {
    const nn::NamedTensors before = copy_of_state(*root_);
    const std::vector<ViewNeed> needs = objective_->required_views();
    std::vector<at::Tensor> pictures;
    for (const ViewNeed& need : needs) pictures.push_back(batch_->views(need.group).clone());
    const TorchChance chance;
    const at::Tensor first = loss_of(*batch_);
    findings_.expect(chance.untouched(), chance.promise, chance.what);
    for (size_t i = 0; i < pictures.size(); ++i) {
      const std::string& group = needs[i].group;
      findings_.expect(at::equal(pictures[i], batch_->views(group)), "the batch is not written",
                       fmt::format("views \"{}\" changed", group));
    }
    findings_.expect(first.dim() == 0, "the loss is a scalar", shape_text(first));
    findings_.expect(finite(first), "the loss is finite", "it is not");
    first.backward();
    const std::string names = changed(before, *root_, true);
    findings_.expect(names.empty(), "loss changes no saved state but BatchNorm's", names);
    const auto encoder = nn::submodule(*root_, objective_->encoder());
    const nn::NamedTensors of_encoder = nn::parameters_of(*encoder);
    const bool trains = std::any_of(of_encoder.begin(), of_encoder.end(), [](const auto& item) { return item.second.requires_grad(); });
    const std::string bare = without_gradient(trains ? *encoder : *root_, "");
    findings_.expect(bare.empty(), trains ? "the gradient reaches the encoder" : "the gradient reaches what trains", bare);
    gradients();
    const at::Tensor again = loss_of(*batch_);
    findings_.expect(at::equal(first, again), "the same step gives the same loss",
                     fmt::format("{}, then {}", first.item<double>(), again.item<double>()));
    for (const auto& [name, value] : reporter_.values) {
      findings_.expect(std::isfinite(value), "what is reported is finite", fmt::format("\"{}\" is {}", name, value));
    }
  }

  void accumulation() {
    if (batch_coupled_ || has_batch_norm(*root_)) return;
    const int64_t rows = batch_->size();
    const at::Tensor whole = loss_of(*batch_);
    whole.backward();
    const nn::NamedTensors at_once = gradients();
    double sum = 0;
    for (const int64_t first : {int64_t{0}, rows / 2}) {
      const at::Tensor part = loss_of(BatchRows(*batch_, first, first + rows / 2)) / 2;
      part.backward();
      sum += part.item<double>();
    }
    const nn::NamedTensors in_parts = gradients();
    accumulated_update();
    findings_.expect(std::abs(sum - whole.item<double>()) < 1e-4 * (1 + std::abs(sum)), "two half batches give the loss of the whole",
                     fmt::format("{}, not {}", sum, whole.item<double>()));
    findings_.expect(at_once.size() == in_parts.size(), "two half batches reach the same parameters", "they do not");
    for (size_t i = 0; i < std::min(at_once.size(), in_parts.size()); ++i) {
      const double error = relative_difference(in_parts[i].second, at_once[i].second);
      findings_.expect(error < 1e-3, "two half batches give the gradient of the whole",
                       fmt::format("\"{}\" is off by {}", at_once[i].first, error));
    }
  }

  /// The state of a fresh objective after the losses of step 1, in so many micro-batches, and its update.
  template <typename Losses>
  nn::NamedTensors updated(int64_t micro_batches, Losses losses) {
    const auto objective = assembly_.objective();
    start(*objective);
    losses(*objective);
    const at::NoGradGuard no_grad;
    const Step last = step(1, nullptr, micro_batches - 1, micro_batches);
    objective->before_update(last);
    objective->after_update(last);
    return copy_of_state(*objective->module());
  }

  /// What `after_update` applies comes from all micro-batches, not from the last.
  void accumulated_update() {
    const int64_t rows = batch_->size();
    const BatchRows first(*batch_, 0, rows / 2), second(*batch_, rows / 2, rows);
    const nn::NamedTensors at_once = updated(1, [&](Objective& objective) { objective.loss(*batch_, step(1, batch_.get())); });
    const nn::NamedTensors in_parts = updated(2, [&](Objective& objective) {
      objective.loss(first, step(1, &first, 0, 2));
      objective.loss(second, step(1, &second, 1, 2));
    });
    for (size_t i = 0; i < std::min(at_once.size(), in_parts.size()); ++i) {
      const auto& [name, whole] = at_once[i];
      findings_.expect(at::allclose(whole, in_parts[i].second, 1e-4, 1e-5), "after_update applies the mean over the micro-batches", name);
    }
  }

  void half() {
    const double full = loss_of(*batch_).item<double>();
    at::Tensor loss;
    {
      const HalfPrecision half;
      loss = loss_of(*batch_);
    }
    loss.backward();
    const double value = loss.item<double>();
    findings_.expect(std::isfinite(value), "bf16 is finite", fmt::format("the loss is {}", value));
    findings_.expect(std::abs(value - full) < 0.05 * (1 + std::abs(full)), "bf16 is close to fp32", fmt::format("{}, not {}", value, full));
    for (const auto& [name, gradient] : gradients()) findings_.expect(finite(gradient), "gradients of bf16 are finite", name);
  }

  /// What a step left that never came to its update: the next first micro-batch forgets it.
  void unfinished() {
    const BatchRows left(*batch_, 0, 4), whole(*batch_, 0, batch_->size());
    const nn::NamedTensors straight = updated(1, [&](Objective& objective) { objective.loss(whole, step(1, &whole)); });
    const nn::NamedTensors interrupted = updated(1, [&](Objective& objective) {
      objective.loss(left, step(0, &left));
      objective.loss(whole, step(1, &whole));
    });
    for (size_t i = 0; i < std::min(straight.size(), interrupted.size()); ++i) {
      const auto& [name, wanted] = straight[i];
      if (belongs_to_batch_norm(name, straight)) continue;
      findings_.expect(at::equal(wanted, interrupted[i].second), "a first micro-batch forgets an unfinished step", name);
    }
  }

  /// A step as the loop makes it, with a small move in the optimizer's place.
  void whole_step(Objective& objective, int64_t index) {
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

  /// Finds what after_update writes although the optimizer moves it too, such as a teacher left to require gradients.
  void trained_and_written(const torch::nn::Module& root, const nn::NamedTensors& before) {
    const std::map<std::string, at::Tensor> old(before.begin(), before.end());
    for (const auto& [name, parameter] : nn::parameters_of(root)) {
      findings_.expect(!parameter.requires_grad() || at::equal(parameter, old.at(name)), "after_update writes nothing that trains",
                       fmt::format("\"{}\" requires a gradient, and after_update changes it", name));
    }
  }

  void updates() {
    for (int64_t index = 0; index < 2; ++index) whole_step(*objective_, index);
    for (const auto& [name, tensor] : nn::state_of(*root_)) findings_.expect(finite(tensor), "the state stays finite", name);
    findings_.expect(finite(loss_of(*batch_, 2)), "the loss after updates is finite", "it is not");
    forget_gradients(*root_);
  }

  /// What a checkpoint holds is all there is: a fresh objective with the state of one that was trained goes on like it.
  void continued() {
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

  bool batch_coupled_;
  Findings& findings_;
  RecipeAssembly assembly_;
  const Recipe& recipe_;
  SoloCollective collective_;
  LastValues reporter_;
  std::shared_ptr<Objective> objective_;
  std::shared_ptr<torch::nn::Module> root_;
  std::shared_ptr<LoadedBatch> batch_;
};

/// The augmentation whose views the objective asks for, small.
std::string fitting_augmentation(RecipeContext context, Registry& registry) {
  context.overrides.emplace_back("augmentation.use", "none");
  const Recipe recipe = open_recipe_text(common_recipe, "conformance.toml", context, registry);
  RecipeAssembly assembly(recipe, RecipeAssembly::Data::open, [](const std::string&) {});
  bool several = false, clean = false, landmarks = false;
  int64_t locals = 2, globals = 2;
  for (const ViewNeed& need : assembly.objective()->required_views()) {
    several = several || need.group != "image";
    clean = clean || need.group.ends_with("_clean");
    landmarks = landmarks || need.landmarks;
    if (need.group == "local") locals = std::max(locals, need.at_least);
    if (need.group == "global") globals = std::max(globals, need.at_least);
  }
  if (clean) return fmt::format("{{ use = \"lafs_views\", size = 64, local_views = {} }}", locals);
  if (!several) return fmt::format("{{ use = \"none\", landmarks = {} }}", landmarks);
  const std::vector<int64_t> off(static_cast<size_t>(globals), 0);
  return fmt::format(
      "{{ use = \"dino_views\", global_size = 64, local_size = 64, global_views = {0}, global_blur = [{1}], global_solarise = [{1}], "
      "local_views = {2} }}",
      globals, fmt::join(off, ", "), locals);
}

}  // namespace

void conform_objective(const RegistryEntry& entry, Registry& registry, const std::string& tables, bool batch_coupled, Findings& findings) {
  RecipeContext context;
  context.overrides.emplace_back("objective.use", entry.registration.name);
  const Node own = parse_toml(tables, "options", {});
  for (const Field& field : *own.fields()) context.overrides.emplace_back(field.name, inline_text(field.value));
  const Node* objective = own.find("objective");
  const Node* used = objective ? objective->find("use") : nullptr;
  if (used && (!used->string() || *used->string() != entry.registration.name)) {
    throw Error(fmt::format("[objective] of the options uses another plugin than \"{}\"", entry.registration.name));
  }
  if (!own.find("augmentation")) context.overrides.emplace_back("augmentation", fitting_augmentation(context, registry));
  const Recipe recipe = open_recipe_text(common_recipe, "conformance.toml", context, registry);
  ObjectiveSuite(recipe, batch_coupled, findings).run();
}

}  // namespace lafs::conformance
