#include <memory>
#include <utility>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "kernel/results/json_text.h"
#include "runner/commands/arguments.h"
#include "runner/commands/command.h"
#include "runner/commands/plan_arguments.h"
#include "runner/tools/plan/planned_row.h"

namespace lafs {

namespace {

struct PlanArguments {
  std::filesystem::path recipe;
  RecipeArguments common;
  PlanOptions options;
  FindLrArguments find_lr;
  bool json = false;
};

int run_plan(const PlanArguments& arguments, const Invocation& invocation) {
  Registry registry = load_plugins(invocation);
  const PlannedRow planned = open_planned(arguments.recipe, arguments.common.context(), registry, arguments.common.inputs);
  if (arguments.find_lr.wanted) return print_found_lr(planned.row, arguments.common.stage, arguments.find_lr.how, arguments.json);
  if (!arguments.json) fmt::print("{}", grid_line(planned));
  bool first = true;
  const auto plans = plan_stages(planned.row, arguments.common.stage, arguments.options, [&](const nlohmann::json& plan) {
    if (!arguments.json) fmt::print("{}{}", std::exchange(first, false) ? "" : "\n", plan_text(plan));
  });
  if (arguments.json) fmt::print("{}\n", json_text(planned_json(planned, plans)));
  return done;
}

}  // namespace

Command add_plan(CLI::App& app) {
  auto arguments = std::make_shared<PlanArguments>();
  CLI::App* command = app.add_subcommand("plan", "show a recipe's parameters, steps, schedules, memory and time before running it");
  recipe_argument(*command, arguments->recipe);
  arguments->common.add_to(*command);
  arguments->common.add_stage_to(*command, "plan only this stage of a row");
  arguments->common.add_inputs_to(*command);
  probe_options(*command, arguments->options);
  arguments->find_lr.add_to(*command);
  command->add_flag("--json", arguments->json, "the plan as JSON");
  command->footer(
      "Without the training data, [run] images and identities are used instead and the probe runs on noise.\n"
      "Of a grid the first cell is planned.");
  return computing({command, [arguments](const Invocation& invocation) { return run_plan(*arguments, invocation); }});
}

}  // namespace lafs
