#include "kernel/evaluate/evaluate_model.h"

#include <utility>

#include <fmt/format.h>
#include <torch/nn/module.h>
#include <nlohmann/json.hpp>

#include "formats/atomic_file.h"
#include "kernel/evaluate/measured_model.h"
#include "kernel/evaluate/stored_embedder.h"
#include "kernel/ledger/checkpoint_folder.h"
#include "kernel/model/assembly.h"
#include "kernel/model/model_file.h"
#include "kernel/ranks/device.h"
#include "kernel/recipe/row.h"
#include "kernel/results/json_text.h"
#include "kernel/results/results_json.h"
#include "kernel/results/results_table.h"
#include "kernel/results/scores_file.h"

namespace lafs {

namespace {

/// Whether scores chose the checkpoint: `best` of a run that has a later one.
bool is_chosen(const TrainedModel& model) {
  if (model.checkpoint.filename() != "best") return false;
  const CheckpointFolder checkpoints(model.checkpoint.parent_path().parent_path());
  std::error_code ignored;
  return !std::filesystem::equivalent(checkpoints.find("best"), checkpoints.find("last"), ignored);
}

std::unique_ptr<Embedder> embedder_of(const TrainedModel& model, const Recipe& recipe, const EmbedderOptions& options,
                                      const Registry& registry) {
  if (is_stored(model)) return std::make_unique<StoredEmbedder>(model.checkpoint, recipe.input, options);
  auto backbone = load_encoder(model, registry);
  backbone->module()->to(options.device);
  return std::make_unique<ModelEmbedder>(backbone, recipe.input, options);
}

/// A model that is ready to be measured, with its recipe's data opened. The assembly refers to the recipe.
struct ReadyModel {
  MeasuredModel measured;
  std::unique_ptr<RecipeAssembly> assembly;
  std::unique_ptr<Embedder> embedder;
  bool chosen = false;
};

std::unique_ptr<ReadyModel> ready_model(const EvaluationRequest& request, Registry& registry) {
  auto out = std::make_unique<ReadyModel>(ReadyModel{open_measured(request, registry), nullptr, nullptr, false});
  const auto& [model, recipe] = out->measured;
  if (const std::string difference = model.facts.input.difference(recipe.input); !difference.empty()) {
    throw Error(fmt::format("the input contract of \"{}\" is not that of the recipe: {}", model.checkpoint.string(), difference));
  }
  if (recipe.evaluators.empty()) throw Error("the recipe has no [[evaluator]]");
  const EmbedderOptions options = embedder_options(request, recipe.run);
  use_threads(recipe.run.threads);
  out->assembly = std::make_unique<RecipeAssembly>(recipe, RecipeAssembly::Data::open, request.note);
  out->embedder = embedder_of(model, recipe, options, registry);
  out->chosen = is_chosen(model);
  if (request.note && out->chosen) {
    request.note(
        "this checkpoint was chosen because it scored best while training: on the pairs it was chosen by, its result is too good; "
        "checkpoints/last is the one that was not chosen");
  }
  return out;
}

Evaluation evaluation_of(ReadyModel& ready, std::vector<NamedMetrics>&& results) {
  return {std::move(ready.measured.model), std::move(results), ready.chosen, std::move(ready.measured.recipe.resolved)};
}

/// The request for one of several models: its notes begin with its path.
EvaluationRequest request_for(const EvaluationRequest& request, const std::filesystem::path& model) {
  EvaluationRequest out = request;
  out.checkpoint = model;
  if (request.note) out.note = [&request, name = model.string()](const std::string& text) { request.note(name + ": " + text); };
  return out;
}

}  // namespace

Evaluation evaluate_model(const EvaluationRequest& request, Registry& registry) {
  const auto ready = ready_model(request, registry);
  return evaluation_of(*ready, evaluate(ready->assembly->evaluators(), *ready->embedder));
}

std::vector<Evaluation> evaluate_models(const EvaluationRequest& request, const std::vector<std::filesystem::path>& models,
                                        Registry& registry) {
  if (request.recipe.empty() && request.on.path.empty())
    throw Error("several models are measured on one set or by one recipe: give --on or --recipe");
  std::vector<std::unique_ptr<ReadyModel>> ready;
  std::vector<EvaluatedModel> evaluated;
  for (const std::filesystem::path& model : models) {
    ready.push_back(ready_model(request_for(request, model), registry));
    evaluated.push_back({ready.back()->assembly->evaluators(), ready.back()->embedder.get(), model.string()});
  }
  auto results = evaluate_together(evaluated);
  std::vector<Evaluation> out;
  for (size_t m = 0; m < ready.size(); ++m) out.push_back(evaluation_of(*ready[m], std::move(results[m])));
  return out;
}

nlohmann::json evaluation_json(const Evaluation& evaluation) {
  const auto& [model, results, chosen, recipe] = evaluation;
  ResultFacts about{{"checkpoint", model.checkpoint.string()}};
  about.emplace_back(model.trained_here ? "training_identity" : "backbone",
                     model.trained_here ? model.facts.identity : model.facts.backbone);
  if (chosen) about.emplace_back("chosen", "best of the evaluations while training");
  about.emplace_back("recipe", recipe);
  return results_json(results, model.position.step, model.checkpoint.filename().string(), about);
}

void write_evaluation(const std::filesystem::path& file, const Evaluation& evaluation) {
  const bool stream = std::filesystem::exists(file) && !std::filesystem::is_regular_file(file);  // nothing lies beside a device or a pipe
  if (!stream) write_scores(scores_folder_of(file), evaluation.results);
  formats::write_atomically(file, json_text(evaluation_json(evaluation)) + "\n");
}

std::string evaluation_text(const Evaluation& evaluation) {
  const TrainedModel& model = evaluation.model;
  const std::string from = model.trained_here ? fmt::format("step {}", model.position.step) : model.facts.backbone;
  return fmt::format("{} ({})\n{}", model.checkpoint.string(), from, results_table(evaluation.results));
}

}  // namespace lafs
