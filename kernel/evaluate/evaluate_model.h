#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "kernel/evaluate/evaluation_set.h"
#include "kernel/model/trained_model.h"
#include "kernel/recipe/recipe.h"
#include "kernel/results/named_metrics.h"

namespace lafs {

struct EvaluationRequest {
  std::filesystem::path checkpoint;  ///< as `find_model` takes it, or a model that was trained elsewhere: a file as `model_of_file` takes
                                     ///< it, or a recipe as `model_of_recipe` does
  std::filesystem::path recipe;      ///< whose evaluators are run; empty: the recipe the model was trained with, or comes with
  EvaluationSetRequest on;           ///< a set to measure on without a recipe, in place of `recipe`
  std::string input;                 ///< the contract of a file as `input_of` takes it, where no [input] states it
  std::string stage;                 ///< of a row
  RecipeContext context;
  int64_t batch = 64;                                                        ///< images of a forward pass, > 0
  std::function<void(const std::string&)> note = [](const std::string&) {};  ///< sentences for people
  std::function<void(int64_t embedded, int64_t total)> progress;             ///< may be empty
};

struct Evaluation {
  TrainedModel model;
  std::vector<NamedMetrics> results;
  bool chosen = false;  ///< scores while training chose the checkpoint: `best` of a run that has a later one
  std::string recipe;   ///< whose evaluators measured it, resolved
};

/// Measures a trained model again, under the input contract saved with it. Throws Error for a recipe with another one, naming both values,
/// and for one without evaluators. [main thread]
Evaluation evaluate_model(const EvaluationRequest& request, Registry& registry);

/// The same for several models on one set, in place of `request.checkpoint`: under the contract of each, every picture decoded once as
/// `evaluate_together` says. `request` names `recipe` or `on`. Notes and errors of a model begin with its path. [main thread]
std::vector<Evaluation> evaluate_models(const EvaluationRequest& request, const std::vector<std::filesystem::path>& models,
                                        Registry& registry);

/// The results as results.json has them.
nlohmann::json evaluation_json(const Evaluation& evaluation);
/// These in a JSON file, and the scores of every pair beside it (scores_file.h).
void write_evaluation(const std::filesystem::path& file, const Evaluation& evaluation);

/// Checkpoint, step and the table of results.
std::string evaluation_text(const Evaluation& evaluation);

}  // namespace lafs
