#include "kernel/evaluate/evaluate_model.h"

#include <utility>

#include <fmt/format.h>
#include <torch/nn/module.h>
#include <nlohmann/json.hpp>

#include "kernel/evaluate/embedder.h"
#include "kernel/ledger/checkpoint_folder.h"
#include "kernel/model/assembly.h"
#include "kernel/ranks/device.h"
#include "kernel/recipe/row.h"
#include "kernel/results/results_json.h"
#include "kernel/results/results_table.h"

namespace lafs {

namespace {

/// Whether scores chose the checkpoint: `best` of a run that has a later one.
bool is_chosen(const TrainedModel& model) {
  if (model.checkpoint.filename() != "best") return false;
  const CheckpointFolder checkpoints(model.checkpoint.parent_path().parent_path());
  std::error_code ignored;
  return !std::filesystem::equivalent(checkpoints.find("best"), checkpoints.find("last"), ignored);
}

}  // namespace

Evaluation evaluate_model(const EvaluationRequest& request, Registry& registry) {
  TrainedModel model = find_model(request.checkpoint, request.stage, !request.recipe.empty());
  Recipe recipe = request.recipe.empty() ? training_recipe(model, request.context, registry)
                                         : open_stage(request.recipe, request.stage, request.context, registry);
  if (!recipe.input_written) recipe.input = model.facts.input;
  if (const std::string difference = model.facts.input.difference(recipe.input); !difference.empty()) {
    throw Error(fmt::format("the input contract of \"{}\" is not that of the recipe: {}", model.checkpoint.string(), difference));
  }
  if (recipe.evaluators.empty()) throw Error("the recipe has no [[evaluator]]");
  EmbedderOptions options;
  options.batch = request.batch;
  options.threads = recipe.run.loader_threads;
  options.device = open_device(recipe.run.device, {recipe.run.tf32, recipe.run.deterministic});
  options.precision = recipe.run.precision;
  options.progress = request.progress;
  use_threads(recipe.run.threads);
  RecipeAssembly assembly(recipe, RecipeAssembly::Data::open, request.note);
  auto backbone = load_encoder(model, registry);
  backbone->module()->to(options.device);
  const bool chosen = is_chosen(model);
  if (request.note && chosen) {
    request.note(
        "this checkpoint was chosen because it scored best while training: on the pairs it was chosen by, its result is too good; "
        "checkpoints/last is the one that was not chosen");
  }
  ModelEmbedder embedder(backbone, recipe.input, options);
  auto results = evaluate(assembly.evaluators(), embedder);
  return {std::move(model), std::move(results), chosen};
}

nlohmann::json evaluation_json(const Evaluation& evaluation) {
  const auto& [model, results, chosen] = evaluation;
  ResultFacts about{{"checkpoint", model.checkpoint.string()}, {"training_identity", model.facts.identity}};
  if (chosen) about.emplace_back("chosen", "best of the evaluations while training");
  return results_json(results, model.position.step, model.checkpoint.filename().string(), about);
}

std::string evaluation_text(const Evaluation& evaluation) {
  const TrainedModel& model = evaluation.model;
  return fmt::format("{} (step {})\n{}", model.checkpoint.string(), model.position.step, results_table(evaluation.results));
}

}  // namespace lafs
