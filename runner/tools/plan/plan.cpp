#include "runner/tools/plan/plan.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <utility>
#include <vector>

#include <torch/nn/module.h>
#include <nlohmann/json.hpp>

#include "kernel/data/epochs.h"
#include "kernel/data/picture_shapes.h"
#include "kernel/model/assembly.h"
#include "kernel/ranks/contention.h"
#include "kernel/ranks/device.h"
#include "kernel/run/notes.h"
#include "kernel/run/row_session.h"
#include "kernel/train/groups.h"
#include "kernel/train/trainer.h"
#include "kernel/train/tree_layers.h"
#include "nn/layers/tree.h"
#include "runner/report/say.h"
#include "runner/tools/plan/probe.h"

namespace lafs {

namespace {

using nlohmann::json;

/// A line for the module and for each of its descendants down to `depth`.
void count_modules(const torch::nn::Module& module, const std::string& path, int depth, json& out) {
  int64_t parameters = 0, trainable = 0;
  for (const auto& parameter : module.parameters()) {
    parameters += parameter.numel();
    if (parameter.requires_grad()) trainable += parameter.numel();
  }
  out.push_back({{"path", path.empty() ? "(all)" : path}, {"parameters", parameters}, {"trainable", trainable}});
  if (depth == 0) return;
  for (const auto& child : module.named_children())
    count_modules(*child.value(), path.empty() ? child.key() : path + "." + child.key(), depth - 1, out);
}

class StateBytes final : public StateVisitor {
 public:
  int64_t bytes = 0;
  void tensor(const std::string&, const std::string&, at::Tensor& value, bool) override { bytes += static_cast<int64_t>(value.nbytes()); }
};

/// Of the steps that are done: with [run] steps a run may end before the schedule does.
json schedule_json(const Schedule& schedule, const Epochs& length) {
  const auto at = [&](int64_t step) { return schedule.at(length.timeline(step)); };
  double largest = at(0);
  int64_t where = 0;
  const int64_t stride = std::max<int64_t>(1, length.steps / 100000);
  for (int64_t step = 0; step < length.steps; step += stride) {
    if (const double value = at(step); value > largest) {
      largest = value;
      where = step;
    }
  }
  for (int64_t step = std::max<int64_t>(0, where - stride + 1); step <= where; ++step) {
    if (at(step) == largest) where = step;  // the first of several, and the end of the loop
  }
  const bool warms_up = schedule.warmup_epochs > 0 && schedule.takes("warmup_epochs");
  const double peak = std::max(schedule.from, schedule.to);
  const double warmup_micro_batches = schedule.warmup_epochs * static_cast<double>(length.batches_per_epoch);
  const bool in_warmup = warms_up && static_cast<double>(length.first_micro(length.steps)) <= warmup_micro_batches;
  return {{"first", at(0)},
          {"last", at(length.steps - 1)},
          {"largest", largest},
          {"largest_at_step", where},
          {"warmup_steps", warms_up && !in_warmup ? where : 0},
          {"peak", peak},
          {"ends_in_warmup", in_warmup}};
}

/// The recipe of the probe: one small micro-batch a step, with those initial weights that exist already.
Recipe probe_recipe(const Recipe& recipe) {
  Recipe small = recipe;
  small.run.batch = std::min<int64_t>(recipe.run.batch, 16);
  small.run.accumulate = 1;
  std::erase_if(small.init, [](const InitEntry& init) {
    const bool pending = !init.identity.empty() && !std::filesystem::exists(init.from.value);
    if (pending) say("\"{}\" does not exist yet; the probe runs without it\n", init.from.value);
    return pending;
  });
  return small;
}

json facts_json(const Recipe& recipe, const RecipeAssembly& assembly, at::Device device, const Epochs& length) {
  return {{"recipe", recipe.file.string()},
          {"training_identity", recipe.identity},
          {"device", device.str()},
          {"threads", recipe.run.threads},
          {"data_is_there", assembly.has_data()},
          {"images", assembly.images()},
          {"identities", assembly.has_data() || recipe.run.identities > 0 ? assembly.identities() : 0},
          {"batch", recipe.run.batch},
          {"accumulate", recipe.run.accumulate},
          {"epochs", length.count},
          {"micro_batches_per_epoch", length.batches_per_epoch},
          {"left_out_per_epoch", length.images - length.batches_per_epoch * length.batch},
          {"steps", length.steps},
          {"steps_of_all_epochs", length.total}};
}

json groups_json(const std::vector<std::shared_ptr<RunGroup>>& groups, const Recipe& recipe) {
  json out = json::array();
  for (const auto& group : groups) {
    int64_t elements = 0;
    for (const auto& parameter : group->parameters()) elements += parameter.numel();
    group->set(1, recipe.optimizer_options.weight_decay.from);
    out.push_back({{"first", group->names().front()},
                   {"tensors", group->names().size()},
                   {"elements", elements},
                   {"lr_scale", group->lr_scale()},
                   {"weight_decay", group->weight_decay()}});
  }
  return out;
}

/// The groups of a layer-wise decay that is written and not applied, as the published code makes them (quirk FT-01).
json layer_groups_json(Trainer& trainer, const Recipe& recipe) {
  if (recipe.optimizer_options.layer_decay == 1 || recipe.optimizer_options.layer_decay_applied) return json::array();
  OptimizerOptions applied = recipe.optimizer_options;
  applied.layer_decay_applied = true;
  return groups_json(parameter_groups(trainer.root(), TreeLayers(trainer.root()), applied), recipe);
}

json statuses_json(const Recipe& recipe) {
  json out = json::array();
  for (const auto& [key, word, why, value] : recipe.statuses)
    out.push_back({{"key", key}, {"status", word}, {"why", why}, {"value", value}});
  return out;
}

/// Bytes of weights, gradients and the optimizer's state.
json memory_json(Trainer& trainer) {
  int64_t weights = 0, gradients = 0;
  for (const auto& [name, tensor] : nn::state_of(trainer.root())) weights += static_cast<int64_t>(tensor.nbytes());
  for (const auto& parameter : trainer.root().parameters())
    gradients += parameter.requires_grad() ? static_cast<int64_t>(parameter.nbytes()) : 0;
  StateBytes state;
  trainer.optimizer().visit_state(state);
  return {{"weights", weights}, {"gradients", gradients}, {"optimizer", state.bytes}};
}

void add_speed(json& plan, const Speed& speed, const Epochs& length, int64_t batch, int64_t threads) {
  const double seconds = static_cast<double>(length.steps) * static_cast<double>(length.step_images()) / speed.images_per_second;
  plan["core_share"] = core_share(threads);
  if (speed.steps == 0) {
    plan["estimate"] = {{"image_gflop", speed.image_gflop},
                        {"product_gflops", speed.product_gflops},
                        {"images_per_second", speed.images_per_second},
                        {"seconds_estimate", seconds}};
    return;
  }
  json& memory = plan["memory"];
  const int64_t model = memory["weights"].get<int64_t>() + memory["gradients"].get<int64_t>() + memory["optimizer"].get<int64_t>();
  const int64_t growing = std::max<int64_t>(0, speed.peak - speed.before - model);
  memory["peak_estimate"] = speed.before + model + growing * batch / speed.batch;
  plan["probe"] = {
      {"steps", speed.steps}, {"batch", speed.batch}, {"images_per_second", speed.images_per_second}, {"seconds_estimate", seconds}};
}

/// What was not said of an earlier stage.
void say_new(const std::vector<std::string>& sentences, Notes& notes) {
  const size_t said = notes.all().size();
  notes.add(sentences);
  for (size_t i = said; i < notes.all().size(); ++i) say("{}\n", notes.all()[i]);
}

/// `seconds` is what is left for probes, of which `stages` still want a share.
json plan_of(const Recipe& recipe, const PlanOptions& options, size_t stages, double& seconds, Notes& notes) {
  const at::Device device = open_device(recipe.run.device, {recipe.run.tf32, recipe.run.deterministic});
  use_threads(recipe.run.threads);
  RecipeAssembly assembly(recipe, RecipeAssembly::Data::if_there, [](const std::string& text) { say("{}\n", text); });
  if (assembly.has_data()) say_new(shape_notes(*assembly.data(), recipe.input), notes);
  const Epochs length(recipe.run, assembly.images());
  json plan = facts_json(recipe, assembly, device, length);
  const Recipe small = probe_recipe(recipe);
  Trainer trainer(small, assembly, device);
  count_modules(trainer.root(), "", 2, plan["modules"]);
  plan["groups"] = groups_json(trainer.groups(), recipe);
  plan["layer_groups"] = layer_groups_json(trainer, recipe);
  plan["lr"] = schedule_json(learning_rate(recipe.optimizer_options, recipe.run), length);
  plan["weight_decay"] = schedule_json(recipe.optimizer_options.weight_decay, length);
  plan["memory"] = memory_json(trainer);
  plan["statuses"] = statuses_json(recipe);
  if (options.probe_steps == 0) return plan;
  const auto start = std::chrono::steady_clock::now();
  const double share = std::max(0.0, seconds) / static_cast<double>(stages);
  add_speed(plan, measure_speed(small, assembly, trainer, device, {options.probe_steps, share}), length, recipe.run.batch,
            recipe.run.threads);
  seconds -= std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return plan;
}

/// What was published of a stage's results; what is known to differ stands with the last stage, as the row's results do.
void add_published(const Row& row, const Stage& stage, json& plan) {
  plan["published"] = plan["deviations"] = json::array();
  for (const PublishedValue& value : row.published) {
    if (row.stage_of(value) != stage.name) continue;
    plan["published"].push_back({{"metric", value.metric},
                                 {"evaluator", value.evaluator},
                                 {"value", value.value},
                                 {"tolerance", value.tolerance},
                                 {"source", value.source},
                                 {"status", value.status}});
  }
  if (&stage == &row.stages.back()) plan["deviations"] = row.deviations;
}

}  // namespace

json plan_stages(const Row& row, const std::string& stage, const PlanOptions& options, const std::function<void(const json&)>& each) {
  json plans = json::array();
  const auto stages = chosen_stages(row, stage);
  double left = options.probe_seconds;
  Notes notes;
  for (const Stage* one : stages) {
    plans.push_back(plan_of(one->recipe, options, stages.size() - plans.size(), left, notes));
    if (!one->name.empty()) plans.back()["stage"] = one->name;
    add_published(row, *one, plans.back());
    each(plans.back());
  }
  return plans;
}

}  // namespace lafs
