#include <memory>

#include <CLI/CLI.hpp>

#include "runner/commands/arguments.h"
#include "runner/commands/command.h"
#include "runner/tools/ablate/ablate.h"

namespace lafs {

namespace {

struct AblateArguments {
  AblateRequest request;
  RecipeArguments common;
  std::string shard;
};

int run_ablate(AblateArguments& arguments, const Invocation& invocation) {
  Registry registry = load_plugins(invocation);
  AblateRequest& request = arguments.request;
  request.context = arguments.common.context();
  request.command = invocation.arguments;
  request.program = invocation.program;
  if (!arguments.shard.empty()) request.shard = shard_of(arguments.shard);
  const AblateEnd end = ablate(request, registry);
  return end == AblateEnd::interrupted ? stopped : end == AblateEnd::failed ? failed : done;
}

}  // namespace

Command add_ablate(CLI::App& app) {
  auto arguments = std::make_shared<AblateArguments>();
  AblateRequest& request = arguments->request;
  CLI::App* command = app.add_subcommand("ablate", "run a recipe with every combination of settings of a grid, and print the table");
  command->add_option("grid", request.grid, "recipe with a [grid]")->required()->type_name("GRID");
  command->add_option("--out", request.out, "folder of the grid's results; default runs/<grid>")->type_name("DIR");
  command->add_option("--ledger", request.ledger, "where stages are kept; default OUT/stages, or without --out runs/stages")
      ->type_name("DIR");
  arguments->common.add_to(*command);
  command->add_option("--jobs,-j", request.jobs, "cells that run at the same time")->check(CLI::Range(1, 1024))->capture_default_str();
  command->add_option("--shard", arguments->shard, "only this part of the cells, as 2/8: for the jobs of a cluster")->type_name("I/N");
  command->add_flag("--dry-run", request.dry_run, "only say what there is to do and how long it takes");
  command->add_option("--probe-seconds", request.probe_seconds, "of a dry run: time to measure the speed in; 0 measures nothing")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  command->add_flag("--yes,-y", request.yes, "run a grid of more than 1,000 cells without asking");
  command->add_flag("--quiet,-q", request.quiet, "no progress, only the table");
  command->add_flag("--json", request.json, "the table as JSON on standard output");
  command->footer(
      "Stages that cells have in common are run once. A finished cell is not run again, a stopped one continues where it stopped, and\n"
      "one that fails does not stop the others: run the same command again. Several processes, on several machines too, may run the same "
      "grid.\n"
      "Exit status 0: all cells are finished; 1: some failed, and the table is of the others.");
  return computing({command, [arguments](const Invocation& invocation) { return run_ablate(*arguments, invocation); }});
}

}  // namespace lafs
