#include "kernel/evaluate/measured_model.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "kernel/evaluate/stored_embedder.h"
#include "kernel/model/model_file.h"
#include "kernel/ranks/device.h"
#include "kernel/recipe/resolver.h"
#include "kernel/recipe/row.h"

namespace lafs {

namespace {

constexpr const char* stored = "stored features";

/// A file of features stands for the model that made them.
TrainedModel stored_features(const std::filesystem::path& file) {
  TrainedModel model;
  model.checkpoint = file;
  model.trained_here = false;
  model.facts.backbone = stored;
  model.facts.input.flip = recorded_flip(file) == "both" ? "sum" : "none";
  return model;
}

bool overrides(const RecipeContext& context, std::string_view key) {
  return std::any_of(context.overrides.begin(), context.overrides.end(), [&](const auto& one) { return one.first.starts_with(key); });
}

/// The contract as a table, on which overrides of single keys build.
std::string input_table(InputContract input) {
  Resolver resolver;
  input.declare(resolver);
  Node document;
  document.put("input", std::move(resolver.table));
  return document_text(document);
}

/// The recipe with the evaluators: a file, or what the set makes of itself under the model's contract.
Recipe measuring_recipe(const EvaluationRequest& request, const InputContract& input, Registry& registry) {
  if (request.on.path.empty()) return open_stage(request.recipe, request.stage, request.context, registry);
  const std::string text = evaluation_tables(request.on, registry) + "\n" + input_table(input);
  return open_recipe_text(text, request.on.path.string(), request.context, registry);
}

}  // namespace

bool is_stored(const TrainedModel& model) { return !model.trained_here && model.facts.backbone == stored; }

MeasuredModel open_measured(const EvaluationRequest& request, Registry& registry) {
  if (!request.recipe.empty() && !request.on.path.empty()) throw Error("give --on or --recipe, not both");
  const bool own = request.recipe.empty() && request.on.path.empty();
  TrainedModel model =
      holds_features(request.checkpoint)
          ? stored_features(request.checkpoint)
          : open_model({request.checkpoint, request.stage, !own, request.input, own ? request.context : RecipeContext()}, registry);
  Recipe recipe = own ? training_recipe(model, request.context, registry) : measuring_recipe(request, model.facts.input, registry);
  if (is_stored(model)) {
    recipe.input.flip = model.facts.input.flip;  // how the rows were made is settled
    model.facts.input = recipe.input;
  } else if (is_plain_model_file(request.checkpoint)) {
    const bool stated = recipe.input_written && request.on.path.empty();
    if (stated && !request.input.empty())
      throw Error("the recipe has an [input], and --input is given too; leave out one, or change single keys with --set input.KEY=VALUE");
    if (recipe.input_written)  // a file that states no contract runs under the recipe's
      model.facts.input = recipe.input;
    if (!stated && request.input.empty() && !overrides(request.context, "input.")) request.note(unstated_input(model));
  }
  if (!recipe.input_written) recipe.input = model.facts.input;
  resolve(recipe);
  return {std::move(model), std::move(recipe)};
}

EmbedderOptions embedder_options(const EvaluationRequest& request, const RunOptions& run) {
  EmbedderOptions options;
  options.batch = request.batch;
  options.threads = run.loader_threads;
  options.device = open_device(run.device, {run.tf32, run.deterministic});
  options.precision = run.precision;
  options.progress = request.progress;
  return options;
}

}  // namespace lafs
