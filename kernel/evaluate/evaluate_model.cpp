#include "kernel/evaluate/evaluate_model.h"

#include <utility>

#include <fmt/format.h>
#include <torch/nn/module.h>
#include <nlohmann/json.hpp>

#include "kernel/evaluate/embedder.h"
#include "kernel/model/assembly.h"
#include "kernel/ranks/device.h"
#include "kernel/recipe/row.h"
#include "kernel/results/results_json.h"
#include "kernel/results/results_table.h"

namespace lafs {

Evaluation evaluate_model(const EvaluationRequest& request, Registry& registry) {
  TrainedModel model = find_model(request.checkpoint, request.stage, !request.recipe.empty());
  const Recipe recipe = request.recipe.empty() ? training_recipe(model, request.context, registry)
                                               : open_stage(request.recipe, request.stage, request.context, registry);
  if (const std::string difference = model.facts.input.difference(recipe.input); !difference.empty()) {
    throw Error(fmt::format("the input contract of \"{}\" is not that of the recipe: {}", model.checkpoint.string(), difference));
  }
  if (recipe.evaluators.empty()) throw Error("the recipe has no [[evaluator]]");
  EmbedderOptions options;
  options.batch = request.batch;
  options.threads = recipe.run.loader_threads;
  options.device = open_device(recipe.run.device);
  options.precision = recipe.run.precision;
  options.progress = request.progress;
  use_threads(recipe.run.threads);
  RecipeAssembly assembly(recipe, RecipeAssembly::Data::open, request.note);
  auto backbone = load_encoder(model, registry);
  backbone->module()->to(options.device);
  ModelEmbedder embedder(backbone, recipe.input, options);
  auto results = evaluate(assembly.evaluators(), embedder);
  return {std::move(model), std::move(results)};
}

nlohmann::json evaluation_json(const Evaluation& evaluation) {
  const auto& [model, results] = evaluation;
  const ResultFacts about{{"checkpoint", model.checkpoint.string()}, {"training_identity", model.facts.identity}};
  return results_json(results, model.position.step, model.checkpoint.filename().string(), about);
}

std::string evaluation_text(const Evaluation& evaluation) {
  const TrainedModel& model = evaluation.model;
  return fmt::format("{} (step {})\n{}", model.checkpoint.string(), model.position.step, results_table(evaluation.results));
}

}  // namespace lafs
