#include "runner/commands/measured_arguments.h"

#include <CLI/CLI.hpp>

#include "kernel/evaluate/stored_embedder.h"
#include "runner/commands/given_options.h"
#include "runner/report/say.h"

namespace lafs {

void MeasuredArguments::add_to(CLI::App& app, const std::string& also_models) {
  command = &app;
  any_model_arguments(app, evaluation.checkpoint, evaluation.input, also_models);
  app.add_option("--recipe", evaluation.recipe, "take the evaluators from this recipe; default the one it was trained with")
      ->type_name("FILE");
  const char* set =
      "measure on this set without a recipe: a .bin file, a list of pairs, an IJB or TinyFace folder, a folder per person, a record set";
  app.add_option("--on", evaluation.on.path, set)->type_name("SET");
  app.add_option("--pictures", evaluation.on.pictures, "folder of the pictures of a list of pairs; default the list's own")
      ->type_name("DIR");
  batch_option(app, evaluation.batch);
  device.add_to(app);
  common.add_to(app);
  common.add_stage_to(app, "this stage of a row's folder, or of a row given as --recipe");
}

EvaluationRequest MeasuredArguments::request() const {
  if (evaluation.on.path.empty()) no_effect(*command, {"--pictures"}, "without --on");
  if (holds_features(evaluation.checkpoint)) no_effect(*command, {"--input"}, "on stored features, which were made before");
  EvaluationRequest out = evaluation;
  out.stage = common.stage;
  out.context = common.context();
  device.override_in(out.context);
  out.note = [](const std::string& text) { say("{}\n", text); };
  return out;
}

std::vector<std::string> MeasuredArguments::of_measuring() const {
  return given_options(*command, {"--input", "--batch", "--device", "--precision", "--threads", "--set"});
}

}  // namespace lafs
