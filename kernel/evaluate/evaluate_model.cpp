#include "kernel/evaluate/evaluate_model.h"

#include <algorithm>
#include <system_error>
#include <utility>

#include <fmt/format.h>
#include <torch/nn/module.h>
#include <nlohmann/json.hpp>

#include "formats/atomic_file.h"
#include "kernel/evaluate/measured_model.h"
#include "kernel/evaluate/scaled_evaluators.h"
#include "kernel/evaluate/stored_embedder.h"
#include "kernel/ledger/checkpoint_folder.h"
#include "kernel/model/assembly.h"
#include "kernel/model/model_file.h"
#include "kernel/ranks/device.h"
#include "kernel/recipe/data_folders.h"
#include "kernel/recipe/row.h"
#include "kernel/results/json_text.h"
#include "kernel/results/results_json.h"
#include "kernel/results/results_table.h"
#include "kernel/results/scores_file.h"

namespace lafs {

namespace {

/// Whether scores chose the checkpoint: `best` of a run that has a later one.
bool is_chosen(const TrainedModel& model) {
  return model.checkpoint.filename() == "best" && CheckpointFolder(model.checkpoint.parent_path().parent_path()).best_is_earlier();
}

/// A model that is ready to be measured, with its recipe's data opened. The assembly refers to the recipe.
struct ReadyModel {
  MeasuredModel measured;
  std::unique_ptr<RecipeAssembly> assembly;
  NamedEvaluators evaluators;
  std::vector<ScaledEvaluators> groups;
  std::vector<std::unique_ptr<Embedder>> embedders;  ///< of each group
  bool chosen = false;
};

/// Whether the path is what the model was trained on. False where that is not known, as for models from elsewhere.
bool was_trained_on(const TrainedModel& model, const std::filesystem::path& path, Registry& registry) {
  if (!model.trained_here) return false;
  try {
    const auto trained_on = source_paths(training_recipe(model, {}, registry).data_source);
    std::error_code ignored;
    return std::any_of(trained_on.begin(), trained_on.end(),
                       [&](const auto& one) { return std::filesystem::equivalent(one, path, ignored); });
  } catch (const Error&) {  // such as a plugin of the training that is not there any more
    return false;
  }
}

/// Says for which reasons the result is too good.
void note_what_was_seen(const EvaluationRequest& request, const ReadyModel& ready, Registry& registry) {
  if (!request.note) return;
  if (ready.chosen)
    request.note(
        "this checkpoint was chosen because it scored best while training: on the pairs it was chosen by, its result is too good; "
        "checkpoints/last is the one that was not chosen");
  if (!request.on.path.empty() && was_trained_on(ready.measured.model, request.on.path, registry))
    request.note(fmt::format(
        "the model was trained on pictures of \"{}\": people that it saw then are told apart more easily than others, so the result is too "
        "good; the evaluators of its own recipe, without --on, measure what that recipe keeps for it",
        request.on.path.string()));
}

void make_embedders(ReadyModel& ready, const EmbedderOptions& options, const Registry& registry) {
  const auto& [model, recipe] = ready.measured;
  if (is_stored(model)) {
    for (const ScaledEvaluators& group : ready.groups) {
      if (const std::string difference = recipe.input.difference(group.input); !difference.empty())
        throw Error(fmt::format("evaluator \"{}\": scaling has no effect on features that are in a file: {}",
                                group.evaluators.front().first, difference));
      ready.embedders.push_back(std::make_unique<StoredEmbedder>(model.checkpoint, recipe.input, options));
    }
    return;
  }
  auto backbone = load_encoder(model, registry);
  backbone->module()->to(options.device);
  for (const ScaledEvaluators& group : ready.groups)
    ready.embedders.push_back(std::make_unique<ModelEmbedder>(backbone, group.input, options));
}

std::unique_ptr<ReadyModel> ready_model(const EvaluationRequest& request, Registry& registry) {
  auto out = std::make_unique<ReadyModel>();
  out->measured = open_measured(request, registry);
  const auto& [model, recipe] = out->measured;
  if (const std::string difference = model.facts.input.difference(recipe.input); !difference.empty()) {
    throw Error(fmt::format("the input contract of \"{}\" is not that of the recipe: {}", model.checkpoint.string(), difference));
  }
  if (recipe.evaluators.empty()) throw Error("the recipe has no [[evaluator]]");
  const EmbedderOptions options = embedder_options(request, recipe.run);
  use_threads(recipe.run.threads);
  out->assembly = std::make_unique<RecipeAssembly>(recipe, RecipeAssembly::Data::open, request.note);
  out->evaluators = out->assembly->evaluators();
  out->groups = by_scaling(out->evaluators, recipe);
  make_embedders(*out, options, registry);
  out->chosen = is_chosen(model);
  note_what_was_seen(request, *out, registry);
  return out;
}

Evaluation evaluation_of(ReadyModel& ready, std::vector<NamedMetrics>&& results) {
  return {std::move(ready.measured.model), std::move(results), ready.chosen, std::move(ready.measured.recipe.resolved)};
}

/// Measures all of them; `names` stand in front of errors.
std::vector<Evaluation> evaluations_of(std::vector<std::unique_ptr<ReadyModel>>& models, const std::vector<std::string>& names) {
  std::vector<EvaluatedModel> evaluated;
  for (size_t m = 0; m < models.size(); ++m) {
    for (size_t group = 0; group < models[m]->groups.size(); ++group)
      evaluated.push_back({models[m]->groups[group].evaluators, models[m]->embedders[group].get(), names[m]});
  }
  auto results = evaluate_together(evaluated);
  std::vector<Evaluation> out;
  auto next = results.begin();
  for (const auto& model : models) {
    const auto end = next + std::ssize(model->groups);
    out.push_back(evaluation_of(*model, in_order(model->evaluators, {next, end})));
    next = end;
  }
  return out;
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
  std::vector<std::unique_ptr<ReadyModel>> ready;
  ready.push_back(ready_model(request, registry));
  return std::move(evaluations_of(ready, {""}).front());
}

std::vector<Evaluation> evaluate_models(const EvaluationRequest& request, const std::vector<std::filesystem::path>& models,
                                        Registry& registry) {
  if (request.recipe.empty() && request.on.path.empty())
    throw Error("several models are measured on one set or by one recipe: give --on or --recipe");
  std::vector<std::unique_ptr<ReadyModel>> ready;
  std::vector<std::string> names;
  for (const std::filesystem::path& model : models) {
    ready.push_back(ready_model(request_for(request, model), registry));
    names.push_back(model.string());
  }
  return evaluations_of(ready, names);
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
