#include <cstdio>
#include <memory>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "formats/atomic_file.h"
#include "kernel/evaluate/evaluate_model.h"
#include "kernel/results/json_text.h"
#include "runner/commands/arguments.h"
#include "runner/commands/command.h"
#include "runner/report/progress.h"
#include "runner/report/say.h"

namespace lafs {

namespace {

struct EvalArguments {
  EvaluationRequest request;
  std::filesystem::path out;
  RecipeArguments common;
  bool json = false, quiet = false;
};

int run_eval(EvalArguments& arguments, const Invocation& invocation) {
  EvaluationRequest& request = arguments.request;
  request.stage = arguments.common.stage;
  request.context = arguments.common.context();
  request.note = [](const std::string& text) { say("{}\n", text); };
  if (!arguments.quiet && !arguments.json) request.progress = tenths_of_pictures();
  Registry registry = load_plugins(invocation);
  const Evaluation evaluation = evaluate_model(request, registry);
  const std::string json = json_text(evaluation_json(evaluation)) + "\n";
  if (!arguments.out.empty()) formats::write_atomically(arguments.out, json);
  fmt::print("{}", arguments.json ? json : evaluation_text(evaluation));
  return done;
}

}  // namespace

Command add_eval(CLI::App& app) {
  auto arguments = std::make_shared<EvalArguments>();
  CLI::App* command = app.add_subcommand("eval", "measure a trained model again, with its own evaluators or those of another recipe");
  any_model_arguments(*command, arguments->request.checkpoint, arguments->request.input);
  const char* recipe = "take the evaluators from this recipe; default the one it was trained with";
  command->add_option("--recipe", arguments->request.recipe, recipe)->type_name("FILE");
  output_option(*command, "--out", arguments->out, "also write the results to this file, as JSON");
  batch_option(*command, arguments->request.batch);
  arguments->common.add_to(*command);
  arguments->common.add_stage_to(*command, "this stage of a row's folder, or of a row given as --recipe");
  command->add_flag("--json", arguments->json, "results as JSON on standard output");
  command->add_flag("--quiet,-q", arguments->quiet, "no progress");
  command->footer(
      "The model runs under the input contract saved with it; a recipe with another contract is an error that names both values.");
  return computing({command, [arguments](const Invocation& invocation) { return run_eval(*arguments, invocation); }});
}

}  // namespace lafs
