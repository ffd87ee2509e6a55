#include <chrono>
#include <cstdio>
#include <memory>

#include <fmt/format.h>
#include <torch/nn/module.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "kernel/data/epochs.h"
#include "kernel/data/loader.h"
#include "kernel/data/noise_source.h"
#include "kernel/model/assembly.h"
#include "kernel/ranks/device.h"
#include "kernel/ranks/memory.h"
#include "kernel/results/json_text.h"
#include "kernel/run/row_session.h"
#include "kernel/train/trainer.h"
#include "nn/layers/tree.h"
#include "runner/commands/command.h"
#include "runner/report/progress.h"
#include "runner/report/say.h"

namespace lafs {

namespace {

struct PlanArguments {
  std::filesystem::path recipe;
  RecipeArguments common;
  int64_t probe = 3;
  bool json = false;
};

struct ModuleCount {
  std::string path, type;
  int64_t parameters = 0, trainable = 0;
};

void count_modules(const torch::nn::Module& module, const std::string& path, int depth, std::vector<ModuleCount>& out) {
  ModuleCount count{path.empty() ? "(all)" : path, "", 0, 0};
  for (const auto& parameter : module.parameters()) {
    count.parameters += parameter.numel();
    if (parameter.requires_grad()) count.trainable += parameter.numel();
  }
  out.push_back(count);
  if (depth == 0) return;
  for (const auto& child : module.named_children())
    count_modules(*child.value(), path.empty() ? child.key() : path + "." + child.key(), depth - 1, out);
}

class StateBytes final : public StateVisitor {
 public:
  int64_t bytes = 0;
  void tensor(const std::string&, const std::string&, at::Tensor& value, bool) override { bytes += static_cast<int64_t>(value.nbytes()); }
};

struct Probe {
  int64_t steps = 0, batch = 0;
  double images_per_second = 0, loss = 0;
  int64_t peak = 0, before = 0;
};

/// A few steps of the real loop on small batches.
Probe probe(const Recipe& recipe, RecipeAssembly& assembly, Trainer& trainer, at::Device device, int64_t steps) {
  Probe result;
  result.batch = recipe.run.batch;
  result.before = peak_bytes();
  trainer.initialise([](const std::string&) {});
  std::shared_ptr<const DataSource> source =
      assembly.has_data() ? assembly.data()
                          : std::make_shared<NoiseSource>(recipe.run.batch * (steps + 1), assembly.identities(), recipe.input);
  LoaderOptions options;
  options.batch = recipe.run.batch;
  options.end = steps + 1;
  options.threads = recipe.run.loader_threads;
  Loader loader(source, assembly.augmentation(), recipe.input, options, device);
  const Timeline time = Epochs(recipe.run, source->size()).timeline();
  trainer.step(time, [&] { return loader.next(); });  // buffers, thread teams and caches are made here
  const auto start = std::chrono::steady_clock::now();
  for (result.steps = 0; result.steps < steps; ++result.steps) result.loss = trainer.step(time, [&] { return loader.next(); }).loss;
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  result.images_per_second = static_cast<double>(steps * recipe.run.batch) / seconds;
  result.peak = peak_bytes();
  return result;
}

std::string mebibytes(int64_t bytes) { return fmt::format("{:.1f} MiB", static_cast<double>(bytes) / (1 << 20)); }

nlohmann::json schedule_json(const Schedule& schedule, const Epochs& length) {
  Timeline time = length.timeline();
  nlohmann::json out;
  double largest = schedule.at(time);
  int64_t where = 0;
  const int64_t stride = std::max<int64_t>(1, time.total / 100000);
  for (time.index = 0; time.index < time.total; time.index += stride) {
    if (const double value = schedule.at(time); value > largest) {
      largest = value;
      where = time.index;
    }
  }
  time.index = 0;
  out["first"] = schedule.at(time);
  time.index = time.total - 1;
  out["last"] = schedule.at(time);
  out["largest"] = largest;
  out["largest_at_step"] = where;
  return out;
}

/// The probe's: one small micro-batch a step, from whatever weights are there already.
Recipe probe_recipe(const Recipe& recipe) {
  Recipe small = recipe;
  small.run.batch = std::min<int64_t>(recipe.run.batch, 16);
  small.run.accumulate = 1;
  std::erase_if(small.init, [](const InitEntry& init) {
    const bool pending = !init.identity.empty() && !std::filesystem::exists(init.from.value);
    if (pending) say("\"{}\" is not there yet; the probe does without\n", init.from.value);
    return pending;
  });
  return small;
}

nlohmann::json plan_of(const Recipe& recipe, const PlanArguments& arguments) {
  const at::Device device = open_device(recipe.run.device);
  use_threads(recipe.run.threads);
  RecipeAssembly assembly(recipe, RecipeAssembly::Data::if_there, [](const std::string& text) { say("{}\n", text); });
  const Epochs length(recipe.run, assembly.images());
  nlohmann::json plan{{"recipe", recipe.file.string()}, {"training_identity", recipe.identity},
                      {"device", device.str()},         {"data_is_there", assembly.has_data()},
                      {"images", assembly.images()},    {"identities", assembly.identities()},
                      {"batch", recipe.run.batch},      {"accumulate", recipe.run.accumulate},
                      {"epochs", recipe.run.epochs},    {"micro_batches_per_epoch", length.batches_per_epoch},
                      {"steps", length.steps},          {"steps_of_all_epochs", length.total}};

  const Recipe small = probe_recipe(recipe);
  Trainer trainer(small, assembly, device);
  std::vector<ModuleCount> modules;
  count_modules(trainer.root(), "", 2, modules);
  for (const ModuleCount& m : modules)
    plan["modules"].push_back({{"path", m.path}, {"parameters", m.parameters}, {"trainable", m.trainable}});
  for (const auto& group : trainer.groups()) {
    int64_t elements = 0;
    for (const auto& parameter : group->parameters()) elements += parameter.numel();
    group->set(1, recipe.optimizer_options.weight_decay.from);
    plan["groups"].push_back({{"first", group->names().front()},
                              {"tensors", group->names().size()},
                              {"elements", elements},
                              {"lr_scale", group->lr_scale()},
                              {"weight_decay", group->weight_decay()}});
  }
  plan["lr"] = schedule_json(learning_rate(recipe.optimizer_options, recipe.run), length);
  plan["weight_decay"] = schedule_json(recipe.optimizer_options.weight_decay, length);

  int64_t weights = 0, gradients = 0;
  for (const auto& [name, tensor] : nn::state_of(trainer.root())) weights += static_cast<int64_t>(tensor.nbytes());
  for (const auto& parameter : trainer.root().parameters())
    gradients += parameter.requires_grad() ? static_cast<int64_t>(parameter.nbytes()) : 0;
  StateBytes state;
  trainer.optimizer().visit_state(state);
  plan["memory"] = {{"weights", weights}, {"gradients", gradients}, {"optimizer", state.bytes}};
  if (arguments.probe > 0) {
    const Probe p = probe(small, assembly, trainer, device, arguments.probe);
    const double images = static_cast<double>(length.steps) * static_cast<double>(length.step_images());
    const int64_t growing = std::max<int64_t>(0, p.peak - p.before - weights - gradients - state.bytes);
    plan["memory"]["peak_estimate"] = p.before + weights + gradients + state.bytes + growing * recipe.run.batch / p.batch;
    plan["probe"] = {{"steps", p.steps},
                     {"batch", p.batch},
                     {"images_per_second", p.images_per_second},
                     {"seconds_estimate", images / p.images_per_second}};
  }
  return plan;
}

void print_plan(const nlohmann::json& plan) {
  const auto number = [&](const char* key) { return plan.at(key).get<int64_t>(); };
  fmt::print("{}{}\nidentity {}\n\n", plan.at("recipe").get<std::string>(),
             plan.contains("stage") ? ", stage " + plan.at("stage").get<std::string>() : "",
             plan.at("training_identity").get<std::string>());
  fmt::print("data        {} images of {} identities{}\n", number("images"), number("identities"),
             plan.at("data_is_there").get<bool>() ? "" : " (as the recipe says; the data is not there)");
  fmt::print("length      {} epochs, {} micro-batches an epoch, batch {} x {}, {} optimizer steps{}\n", number("epochs"),
             number("micro_batches_per_epoch"), number("batch"), number("accumulate"), number("steps"),
             number("steps") == number("steps_of_all_epochs") ? "" : fmt::format(" of {}", number("steps_of_all_epochs")));
  for (const char* key : {"lr", "weight_decay"}) {
    const auto& s = plan.at(key);
    fmt::print("{:<11} first {:.6g}, largest {:.6g} at step {}, last {:.6g}\n", key == std::string("lr") ? "lr" : "decay",
               s.at("first").get<double>(), s.at("largest").get<double>(), s.at("largest_at_step").get<int64_t>(),
               s.at("last").get<double>());
  }
  fmt::print("\n{:<44} {:>14} {:>14}\n", "module", "parameters", "trainable");
  for (const auto& m : plan.at("modules")) {
    fmt::print("{:<44} {:>14} {:>14}\n", m.at("path").get<std::string>(), m.at("parameters").get<int64_t>(),
               m.at("trainable").get<int64_t>());
  }
  fmt::print("\n{:<44} {:>8} {:>14} {:>10} {:>8}\n", "group (first parameter)", "tensors", "elements", "lr scale", "decay");
  for (const auto& g : plan.at("groups")) {
    fmt::print("{:<44} {:>8} {:>14} {:>10.6g} {:>8.6g}\n", g.at("first").get<std::string>(), g.at("tensors").get<int64_t>(),
               g.at("elements").get<int64_t>(), g.at("lr_scale").get<double>(), g.at("weight_decay").get<double>());
  }
  const auto& memory = plan.at("memory");
  fmt::print("\nmemory      weights {}, gradients {}, optimizer {}", mebibytes(memory.at("weights").get<int64_t>()),
             mebibytes(memory.at("gradients").get<int64_t>()), mebibytes(memory.at("optimizer").get<int64_t>()));
  if (memory.contains("peak_estimate")) fmt::print(", peak about {}", mebibytes(memory.at("peak_estimate").get<int64_t>()));
  fmt::print("\n");
  if (plan.contains("probe")) {
    const auto& p = plan.at("probe");
    fmt::print("time        about {} on {}, evaluations apart ({:.1f} images/s over {} steps of {} images)\n",
               duration_text(p.at("seconds_estimate").get<double>()), plan.at("device").get<std::string>(),
               p.at("images_per_second").get<double>(), p.at("steps").get<int64_t>(), p.at("batch").get<int64_t>());
  }
}

int run(const PlanArguments& arguments, const Invocation& invocation) {
  Registry registry = load_plugins(invocation);
  const Row row = open_row(arguments.recipe, arguments.common.context(), registry);
  nlohmann::json plans = nlohmann::json::array();
  for (const Stage* stage : chosen_stages(row, arguments.common.stage)) {
    plans.push_back(plan_of(stage->recipe, arguments));
    if (!stage->name.empty()) plans.back()["stage"] = stage->name;
    if (arguments.json) continue;
    if (plans.size() > 1) fmt::print("\n");
    print_plan(plans.back());
  }
  if (arguments.json) fmt::print("{}\n", json_text(plans.size() == 1 ? plans.front() : plans));
  return done;
}

}  // namespace

Action add_plan(CLI::App& app) {
  auto arguments = std::make_shared<PlanArguments>();
  CLI::App* command = app.add_subcommand("plan", "parameters, steps, schedules, memory and time of a recipe, before it is run");
  command->add_option("recipe", arguments->recipe, "recipe, a TOML file")->required()->type_name("FILE");
  arguments->common.add_to(*command);
  arguments->common.add_stage_to(*command, "plan this stage of a row only");
  command->add_option("--probe", arguments->probe, "training steps to time (batches of 16 at most); 0: none")
      ->check(CLI::Range(0, 1000))
      ->capture_default_str();
  command->add_flag("--json", arguments->json, "the plan as JSON");
  command->footer("Where the training data is not there, [run] images and identities stand for it and the probe runs on noise.");
  return [arguments](const Invocation& invocation) { return run(*arguments, invocation); };
}

}  // namespace lafs
