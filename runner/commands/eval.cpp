#include <cstdio>
#include <memory>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "kernel/evaluate/evaluate_model.h"
#include "kernel/results/json_text.h"
#include "runner/commands/command.h"
#include "runner/commands/measured_arguments.h"
#include "runner/report/progress.h"
#include "runner/report/say.h"

namespace lafs {

namespace {

struct EvalArguments {
  MeasuredArguments measured;
  std::filesystem::path out;
  bool json = false, quiet = false;
};

int run_eval(EvalArguments& arguments, const Invocation& invocation) {
  EvaluationRequest request = arguments.measured.request();
  if (!arguments.quiet && !arguments.json) request.progress = tenths_of_pictures();
  Registry registry = load_plugins(invocation);
  const Evaluation evaluation = evaluate_model(request, registry);
  const std::string json = json_text(evaluation_json(evaluation)) + "\n";
  if (!arguments.out.empty()) write_evaluation(arguments.out, evaluation);
  fmt::print("{}", arguments.json ? json : evaluation_text(evaluation));
  return done;
}

}  // namespace

Command add_eval(CLI::App& app) {
  auto arguments = std::make_shared<EvalArguments>();
  CLI::App* command = app.add_subcommand("eval", "measure any model: with its own evaluators, those of another recipe, or on a set");
  arguments->measured.add_to(*command, "; or features of lafs embed, a .npy or .safetensors file");
  output_option(*command, "--out", arguments->out,
                "also write the results to this file, as JSON, and beside it the scores of every pair of verification, up to a million");
  command->add_flag("--json", arguments->json, "results as JSON on standard output");
  command->add_flag("--quiet,-q", arguments->quiet, "no progress");
  command->footer(
      "The model runs under the input contract saved with it; a recipe with another contract is an error that names both values.");
  return computing({command, [arguments](const Invocation& invocation) { return run_eval(*arguments, invocation); }});
}

}  // namespace lafs
