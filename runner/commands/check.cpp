#include <algorithm>
#include <cstdio>
#include <memory>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "kernel/results/json_text.h"
#include "runner/commands/arguments.h"
#include "runner/commands/command.h"
#include "runner/tools/check/check.h"

namespace lafs {

namespace {

struct CheckArguments {
  std::vector<std::filesystem::path> paths;
  RecipeArguments common;
  bool json = false, resolved = false;
};

int run_check(const CheckArguments& arguments, const Invocation& invocation) {
  Registry registry = load_plugins(invocation);
  std::vector<CheckedRecipe> all;
  for (const auto& path : arguments.paths) {
    for (const auto& file : recipes_in(path)) {
      const auto stages = check_recipe(file, arguments.common.stage, arguments.common.context(), registry);
      if (!arguments.json) print_checked(stages, arguments.resolved);
      all.insert(all.end(), stages.begin(), stages.end());
    }
  }
  if (arguments.json) fmt::print("{}\n", json_text(checked_json(all)));
  return std::all_of(all.begin(), all.end(), [](const CheckedRecipe& one) { return one.errors.empty(); }) ? done : wrong_usage;
}

}  // namespace

Command add_check(CLI::App& app) {
  auto arguments = std::make_shared<CheckArguments>();
  CLI::App* command = app.add_subcommand("check", "report everything that is wrong with recipes, without opening their data");
  command->add_option("recipe", arguments->paths, "recipes, or folders of them (folders named \"base\" are skipped)")
      ->required()
      ->type_name("PATH");
  arguments->common.add_to(*command);
  arguments->common.add_stage_to(*command, "check only this stage of a row");
  command->add_flag("--resolved", arguments->resolved, "print each recipe with every default written out");
  command->add_flag("--json", arguments->json, "the results as JSON");
  command->footer("Data that does not exist is named behind \"ok\", and is no error. With --json it is listed for every recipe.");
  return {command, [arguments](const Invocation& invocation) { return run_check(*arguments, invocation); }};
}

}  // namespace lafs
