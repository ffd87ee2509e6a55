#include <cstdio>
#include <memory>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "kernel/results/json_text.h"
#include "runner/commands/arguments.h"
#include "runner/commands/command.h"
#include "runner/tools/plan/plan.h"

namespace lafs {

namespace {

struct PlanArguments {
  std::filesystem::path recipe;
  RecipeArguments common;
  PlanOptions options;
  bool json = false;
};

int run_plan(const PlanArguments& arguments, const Invocation& invocation) {
  Registry registry = load_plugins(invocation);
  const Row row = open_row(arguments.recipe, arguments.common.context(), registry, arguments.common.inputs);
  bool first = true;
  const auto plans = plan_stages(row, arguments.common.stage, arguments.options, [&](const nlohmann::json& plan) {
    if (!arguments.json) fmt::print("{}{}", first ? "" : "\n", plan_text(plan));
    first = false;
  });
  if (arguments.json) fmt::print("{}\n", json_text(plans.size() == 1 ? plans.front() : plans));
  return done;
}

}  // namespace

Command add_plan(CLI::App& app) {
  auto arguments = std::make_shared<PlanArguments>();
  PlanOptions& options = arguments->options;
  CLI::App* command = app.add_subcommand("plan", "show a recipe's parameters, steps, schedules, memory and time before running it");
  recipe_argument(*command, arguments->recipe);
  arguments->common.add_to(*command);
  arguments->common.add_stage_to(*command, "plan only this stage of a row");
  arguments->common.add_inputs_to(*command);
  command->add_option("--probe", options.probe_steps, "training steps to time, with at most 16 images each; 0 for none")
      ->check(CLI::Range(0, 1000))
      ->capture_default_str();
  command
      ->add_option("--probe-seconds", options.probe_seconds, "time for these steps, all stages together; if none fits, speed is estimated")
      ->check(CLI::Range(0.0, 86400.0))
      ->capture_default_str();
  command->add_flag("--json", arguments->json, "the plan as JSON");
  command->footer("Without the training data, [run] images and identities are used instead and the probe runs on noise.");
  return computing({command, [arguments](const Invocation& invocation) { return run_plan(*arguments, invocation); }});
}

}  // namespace lafs
