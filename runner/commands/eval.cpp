#include <cstdio>
#include <memory>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "kernel/results/json_text.h"
#include "runner/commands/command.h"
#include "runner/commands/measured_arguments.h"
#include "runner/report/progress.h"
#include "runner/tools/eval/eval.h"

namespace lafs {

namespace {

struct EvalArguments {
  MeasuredArguments measured;
  EvalRequest request;
  bool json = false, quiet = false;
};

int run_eval_command(EvalArguments& arguments, const Invocation& invocation) {
  arguments.request.evaluation = arguments.measured.request();
  if (!arguments.quiet && !arguments.json) arguments.request.evaluation.progress = tenths_of_pictures();
  Registry registry = load_plugins(invocation);
  const EvalOutcome outcome = run_eval(arguments.request, registry);
  fmt::print("{}", arguments.json ? json_text(outcome.json) + "\n" : outcome.text);
  return done;
}

}  // namespace

Command add_eval(CLI::App& app) {
  auto arguments = std::make_shared<EvalArguments>();
  CLI::App* command = app.add_subcommand("eval", "measure any model: with its own evaluators, those of another recipe, or on a set");
  arguments->measured.add_to(*command, "; or features of lafs embed, a .npy or .safetensors file");
  command->add_option("others", arguments->request.others, "more models, measured beside the first and compared with it")
      ->type_name("MODEL");
  output_option(*command, "--out", arguments->request.out,
                "also write the results to this file, as JSON, and beside it the scores of every pair of verification, up to a million; "
                "of several models to this folder, a file for each",
                &arguments->request.force);
  command->add_flag("--json", arguments->json, "results as JSON on standard output");
  command->add_flag("--quiet,-q", arguments->quiet, "no progress");
  command->footer(
      "The model runs under the input contract saved with it; a recipe with another contract is an error that names both values.\n"
      "Several models need --on or --recipe. Each picture is decoded once for all that see it in the same size, interpolation and shift.\n"
      "  lafs eval runs/arcface runs/cosface --on lfw.bin");
  return computing({command, [arguments](const Invocation& invocation) { return run_eval_command(*arguments, invocation); }});
}

}  // namespace lafs
