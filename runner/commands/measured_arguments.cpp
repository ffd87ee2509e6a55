#include "runner/commands/measured_arguments.h"

#include <CLI/CLI.hpp>

#include "runner/report/say.h"

namespace lafs {

void MeasuredArguments::add_to(CLI::App& command) {
  any_model_arguments(command, evaluation.checkpoint, evaluation.input);
  command.add_option("--recipe", evaluation.recipe, "take the evaluators from this recipe; default the one it was trained with")
      ->type_name("FILE");
  command
      .add_option("--on", evaluation.on.path,
                  "measure on this set without a recipe: a .bin file, a list of pairs, an IJB or TinyFace folder, a folder per person")
      ->type_name("SET");
  command.add_option("--pictures", evaluation.on.pictures, "folder of the pictures of a list of pairs; default the list's own")
      ->type_name("DIR");
  batch_option(command, evaluation.batch);
  common.add_to(command);
  common.add_stage_to(command, "this stage of a row's folder, or of a row given as --recipe");
}

EvaluationRequest MeasuredArguments::request() const {
  EvaluationRequest out = evaluation;
  out.stage = common.stage;
  out.context = common.context();
  out.note = [](const std::string& text) { say("{}\n", text); };
  return out;
}

}  // namespace lafs
