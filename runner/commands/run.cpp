#include <memory>

#include <CLI/CLI.hpp>

#include "runner/commands/arguments.h"
#include "runner/commands/command.h"
#include "runner/tools/run/run.h"

namespace lafs {

namespace {

struct RunArguments {
  RunRequest request;
  RecipeArguments common;
};

int run_command(RunArguments& arguments, const Invocation& invocation) {
  Registry registry = load_plugins(invocation);
  RunRequest& request = arguments.request;
  request.context = arguments.common.context();
  request.stage = arguments.common.stage;
  request.command = invocation.arguments;
  return run_recipe(request, registry) ? done : stopped;
}

std::string said(const std::string& reason) {
  return reason.find_first_not_of(" \t\n") == std::string::npos ? "say in a few words why the data may differ" : "";
}

}  // namespace

Command add_run(CLI::App& app) {
  auto arguments = std::make_shared<RunArguments>();
  RunRequest& request = arguments->request;
  CLI::App* command = app.add_subcommand("run", "train a recipe or a row of stages to its end, or continue a stopped run");
  recipe_argument(*command, request.recipe);
  const char* out = "the run folder itself, or the folder of a row; default runs/<recipe>-<identity>";
  command->add_option("--out", request.out, out)->type_name("DIR");
  const char* ledger = "where the stages of a row are kept, shared by all rows; default --out itself, or without --out runs/stages";
  auto* kept = command->add_option("--ledger", request.ledger, ledger)->type_name("DIR");
  const char* accept = "go on although the data is not what the run was trained on; both fingerprints and the reason go into manifest.json";
  auto* accepted = command->add_option("--accept-data", request.accept_data, accept)->type_name("REASON")->check(said);
  const char* rehearse = "try the whole recipe in minutes, with few steps on generated pictures; default --out runs/rehearsals/<recipe>";
  const char* extend = "train the run in --out on, to the length that is given now; with other schedules it gets an identity of its own";
  auto* extended = command->add_flag("--extend", request.extend, extend);
  command->add_flag("--rehearse", request.rehearse, rehearse)->excludes(kept)->excludes(accepted)->excludes(extended);
  arguments->common.add_to(*command);
  arguments->common.add_stage_to(*command, "run only this stage of a row; the stages it takes weights from must be finished");
  command->add_flag("--quiet,-q", request.quiet, "no progress, only the results");
  command->add_flag("--json", request.json, "results as JSON on standard output");
  command->footer(
      "The run folder holds recipe.toml (resolved), manifest.json, metrics.jsonl, TensorBoard events, checkpoints/, results.json and "
      "report.html.\n"
      "Ctrl-C writes a checkpoint and stops; the same command continues, bit for bit as if it had never stopped.\n"
      "Each stage of a row has a run folder of its own, and a finished stage is not run again, also for another row of the same ledger.");
  return computing({command, [arguments](const Invocation& invocation) { return run_command(*arguments, invocation); }});
}

}  // namespace lafs
