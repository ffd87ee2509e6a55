#include "kernel/train/trainer.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include <ATen/record_function.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <torch/nn/module.h>

#include "kernel/model/autocast.h"
#include "kernel/model/init_record.h"
#include "kernel/train/clip.h"
#include "kernel/train/draws.h"
#include "kernel/train/part_clock.h"
#include "kernel/train/saved_buffers.h"
#include "kernel/train/tree_layers.h"
#include "lafs/memory.h"
#include "lafs/optimizer.h"
#include "nn/layers/tree.h"
#include "nn/train/fused_update.h"
#include "nn/train/initial_values.h"
#include "nn/train/row_gradient.h"

namespace lafs {

/// Reports of the micro-batches of a step; tensors are read once, when the step is over.
struct Trainer::Values final : public Reporter {
  std::vector<std::pair<std::string, std::vector<at::Tensor>>> items;
  std::vector<std::string> notes;

  void value(std::string_view name, double number) override { value(name, torch::tensor(number, at::kDouble)); }
  void value(std::string_view name, const at::Tensor& scalar) override {
    if (scalar.numel() != 1) throw Error(fmt::format("\"{}\" is reported with {} elements, not one", name, scalar.numel()));
    const at::Tensor copy = scalar.detach().clone();
    for (auto& [known, tensors] : items) {
      if (known == name) {
        tensors.push_back(copy);
        return;
      }
    }
    items.push_back({std::string(name), {copy}});
  }
  void note(std::string_view text) override { notes.emplace_back(text); }
  std::vector<std::pair<std::string, double>> means() {
    std::vector<std::pair<std::string, double>> out;
    for (auto& [name, tensors] : items) {
      double sum = 0;
      for (const at::Tensor& tensor : tensors) sum += tensor.item<double>();
      out.emplace_back(name, sum / static_cast<double>(tensors.size()));
    }
    items.clear();
    return out;
  }
};

namespace {

/// Parameters and gradients are the least that training takes; an optimizer's state and activations come on top.
void check_parameters(const torch::nn::Module& root, at::Device device) {
  if (!device.is_cpu()) return;
  double bytes = 0, largest = 0;
  std::string name, sizes;
  for (const auto& [one, tensor] : nn::parameters_of(root)) {
    const auto own = static_cast<double>(tensor.nbytes());
    bytes += own * (tensor.requires_grad() ? 2 : 1);
    if (own <= largest) continue;
    largest = own;
    name = one;
    sizes = fmt::format("{}", fmt::join(tensor.sizes().vec(), ", "));
  }
  check_memory(bytes,
               fmt::format("training the parameters of this recipe (the largest is \"{}\" [{}], {})", name, sizes, bytes_text(largest)));
}

}  // namespace

Schedule learning_rate(const OptimizerOptions& options, const RunOptions& run) {
  Schedule lr = options.lr;
  lr.from = scaled_lr(options.scale_rule, lr.from, run.batch, run.accumulate);
  return lr;
}

Trainer::Trainer(const Recipe& recipe, RecipeAssembly& assembly, at::Device device, const Place& place)
    : recipe_(recipe),
      device_(device),
      objective_(assembly.objective()),
      root_(objective_->module()),
      scaler_(grad_scaler(recipe.run)),
      collective_(place.collective()),
      values_(std::make_shared<Values>()) {
  if (place.world() > 1) throw Error("training on several processes is not supported: gradients are not averaged over them");
  assembly.check_views(*objective_);
  root_->to(device_);
  freezes_ = Freezes(*root_, recipe_.optimizer_options.freeze);
  const TreeLayers layers(*root_);
  groups_ = parameter_groups(*root_, layers, recipe_.optimizer_options, assembly.plugins_with(Backbone::kind, "layers"));
  for (const auto& group : groups_) {
    parts_.emplace_back();
    for (const std::string& name : group->names()) {
      const std::string part = layers.part_of(name);
      const auto found = std::find(part_names_.begin(), part_names_.end(), part);
      parts_.back().push_back(static_cast<size_t>(found - part_names_.begin()));
      if (found == part_names_.end()) part_names_.push_back(part);
    }
  }
  optimizer_ = assembly.optimizer(ParameterGroups(groups_.begin(), groups_.end()));
  check_row_updates(groups_, *optimizer_, recipe_.optimizer.name, assembly.plugins_with(Optimizer::kind, "rows"));
  lr_ = learning_rate(recipe_.optimizer_options, recipe_.run);
  if (recipe_.run.ema > 0) {
    auto average = assembly.backbone();
    average->module()->to(device_);
    average_.emplace(*root_, trained_encoder(), std::move(average), recipe_.run.ema);
  }
}

void Trainer::initialise(const std::function<void(const std::string&)>& note) {
  check_parameters(*root_, device_);
  lafs::nn::initialise(*root_, static_cast<uint64_t>(recipe_.run.seed));
  for (const InitEntry& init : recipe_.init) {
    placed(init, [&] { loaded_.push_back(apply_init(init, *root_, recipe_.registry)); });
    note(loaded_.back().text);
  }
  const at::NoGradGuard no_grad;
  objective_->start();
  if (average_) average_->start();
}

void Trainer::write_init_record(const std::filesystem::path& folder) const { lafs::write_init_record(folder, recipe_.init, loaded_); }

torch::nn::Module& Trainer::state() {
  if (average_) average_->join(*root_);
  return *root_;
}

std::string Trainer::encoder_path() const { return average_ ? AveragedEncoder::path : objective_->encoder(); }

std::shared_ptr<Backbone> Trainer::encoder() { return average_ ? average_->backbone() : trained_encoder(); }

std::shared_ptr<Backbone> Trainer::trained_encoder() const {
  const std::string path = objective_->encoder();
  auto backbone = std::dynamic_pointer_cast<Backbone>(nn::submodule(*root_, path));
  if (!backbone)
    throw Error(fmt::format("objective \"{}\" names \"{}\" as its encoder, which is not a backbone", recipe_.objective.name, path));
  return backbone;
}

double Trainer::micro_step(const Timeline& time, int64_t micro, const std::shared_ptr<LoadedBatch>& batch, PartClock& clock) {
  clock.begin("forward");
  const auto draws = keyed_draws(static_cast<uint64_t>(recipe_.run.seed), time.index, micro, batch->rows, device_);
  const Step step{time, micro, recipe_.run.accumulate, draws, *collective_, *values_};
  at::Tensor loss;
  {
    const Autocast autocast(recipe_.run.precision, device_.type());
    loss = objective_->loss(*batch, step);
  }
  if (loss.dim() != 0)
    throw Error(fmt::format("objective \"{}\" gave a loss of {} dimensions, not a scalar", recipe_.objective.name, loss.dim()));
  const double value = loss.item<double>();
  if (!std::isfinite(value)) {
    throw NotFinite(fmt::format("the loss is not finite ({}) in step {}, micro-batch {}", std::isnan(value) ? std::abs(value) : value,
                                time.index, micro));
  }
  clock.begin("backward");
  if (recipe_.run.accumulate > 1) loss = loss / static_cast<double>(recipe_.run.accumulate);
  (scaler_ ? scaler_->scaled(loss) : loss).backward();
  return value;
}

bool Trainer::treat_gradients(const Timeline& time, StepOutcome& outcome) {
  std::vector<at::Tensor> gradients;
  std::vector<size_t> parts;
  for (size_t g = 0; g < groups_.size(); ++g) {
    const std::vector<at::Tensor>& parameters = groups_[g]->parameters();
    for (size_t i = 0; i < parameters.size(); ++i) {
      if (!parameters[i].grad().defined()) continue;
      gradients.push_back(nn::numbers_of(parameters[i].mutable_grad()));
      parts.push_back(parts_[g][i]);
    }
  }
  if (gradients.empty()) throw Error(fmt::format("no parameter has a gradient in step {}", time.index));
  const at::NoGradGuard no_grad;
  const bool finite = !scaler_ || scaler_->unscale(gradients);
  const std::vector<double> lengths = nn::lengths_of(gradients);
  double total = 0;
  for (const double length : lengths) total += length * length;
  total = std::sqrt(total);
  if (finite && !std::isfinite(total))
    throw NotFinite(fmt::format("the gradient is not finite ({}) in step {}", std::abs(total), time.index));
  if (finite) clip_gradients(gradients, lengths, total, recipe_.run.clip, recipe_.run.clip_norm);
  outcome.gradient_norm = total;
  std::vector<double> squares(part_names_.size());
  for (size_t i = 0; i < parts.size(); ++i) squares[parts[i]] += lengths[i] * lengths[i];
  for (size_t i = 0; i < squares.size(); ++i) outcome.values.emplace_back("gradient_norm/" + part_names_[i], std::sqrt(squares[i]));
  return finite;
}

void Trainer::end_scaled_step(const Timeline& time, bool finite, StepOutcome& outcome) {
  outcome.values.emplace_back("loss_scale", scaler_->state().scale);
  scaler_->update(finite);
  outcome.values.emplace_back("skipped_steps", static_cast<double>(scaler_->state().skipped));
  if (finite) return;
  outcome.notes.push_back({scaler_->skip_note()});
  if (scaler_->exhausted()) {
    throw NoScaleIsLeft(
        fmt::format("the gradient is not finite in step {} at any loss scale: it fell to {}, {} steps in a row were skipped", time.index,
                    scaler_->state().scale, scaler_->state().in_a_row));
  }
}

void Trainer::clear_gradients() {
  for (const auto& group : groups_) {
    for (const at::Tensor& parameter : group->parameters()) parameter.mutable_grad() = at::Tensor();
  }
}

void Trainer::update(const Timeline& time, const NextBatch& next_batch, StepOutcome& outcome) {
  PartClock clock;
  for (int64_t micro = 0; micro < recipe_.run.accumulate; ++micro) {
    clock.begin("load");
    const std::shared_ptr<LoadedBatch> batch = next_batch();
    losses_.push_back(micro_step(time, micro, batch, clock));
    outcome.loss += losses_.back() / static_cast<double>(recipe_.run.accumulate);
  }
  clock.begin("clip");
  const bool finite = treat_gradients(time, outcome);
  clock.begin("hooks");
  const Step last{time, recipe_.run.accumulate - 1, recipe_.run.accumulate, nullptr, *collective_, *values_};
  const at::NoGradGuard no_grad;
  objective_->before_update(last);
  clock.begin("optimizer");
  if (finite) optimizer_->step();
  if (finite && average_) average_->update(time.index);
  clear_gradients();
  clock.begin("hooks");
  objective_->after_update(last);  // also of a skipped update: the averaged teacher moves on (quirk P19)
  if (scaler_) end_scaled_step(time, finite, outcome);
  outcome.seconds = clock.parts();
  for (auto& value : values_->means()) outcome.values.push_back(std::move(value));
  for (std::string& note : values_->notes) outcome.notes.push_back({std::move(note), true});
  values_->notes.clear();
}

StepOutcome Trainer::step(const Timeline& time, const NextBatch& next_batch, std::optional<double> lr) {
  RECORD_USER_SCOPE("step");
  StepOutcome outcome;
  outcome.lr = lr.value_or(lr_.at(time));
  outcome.weight_decay = weight_decay().at(time);
  for (const auto& group : groups_) group->set(outcome.lr, outcome.weight_decay);
  freezes_.apply(time);
  losses_.clear();
  int64_t taken = 0;
  const auto counting = [&] {
    ++taken;
    return next_batch();
  };
  const at::NoGradGuard no_grad;
  SavedBuffers before(*root_);
  try {
    const at::AutoGradMode with_grad(true);
    update(time, counting, outcome);
  } catch (NotFinite& error) {
    before.restore();
    clear_gradients();
    values_->items.clear();
    values_->notes.clear();
    error.losses = losses_;
    if (recipe_.run.not_finite == "error" || dynamic_cast<const NoScaleIsLeft*>(&error)) throw;
    outcome.left_out = error.what();
    outcome.loss = std::numeric_limits<double>::quiet_NaN();
    while (taken < recipe_.run.accumulate) counting();
  }
  return outcome;
}

}  // namespace lafs
