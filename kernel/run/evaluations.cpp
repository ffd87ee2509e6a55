#include "kernel/run/evaluations.h"

#include <algorithm>
#include <list>
#include <utility>

#include <fmt/format.h>

#include "kernel/data/picture_shapes.h"
#include "kernel/evaluate/embedder.h"
#include "kernel/evaluate/scaled_evaluators.h"
#include "kernel/run/evaluation_data.h"
#include "kernel/run/interrupt.h"

namespace lafs {

Evaluations::Evaluations(const Recipe& recipe, RecipeAssembly& assembly, at::Device device, const RunListeners& listeners)
    : recipe_(recipe), device_(device), all_(assembly.evaluators()), data_fingerprint_(evaluation_fingerprint(recipe, all_, listeners)) {}

std::vector<std::string> Evaluations::notes() const {
  std::vector<std::string> notes;
  for (const auto& [name, evaluator] : all_) {
    for (const FeatureRequest& request : evaluator->requests()) {
      for (const std::string& note : shape_notes(*request.source, recipe_.input))
        notes.push_back(fmt::format("evaluator \"{}\": {}", name, note));
    }
  }
  return notes;
}

NamedEvaluators Evaluations::all_but(const NamedEvaluators& chosen) const {
  NamedEvaluators others;
  for (const auto& one : all_)
    if (std::ranges::find(chosen, one) == chosen.end()) others.push_back(one);
  return others;
}

NamedEvaluators Evaluations::due(const Epochs& epochs, int64_t steps) const {
  if (steps >= epochs.steps) return all_;
  NamedEvaluators chosen;
  const int64_t every = recipe_.run.evaluate_steps;
  if (every > 0 ? steps % every != 0 : !epochs.crosses(steps - 1, recipe_.run.evaluate_every)) return chosen;
  for (size_t i = 0; i < all_.size(); ++i) {
    if (recipe_.evaluators[i].while_training) chosen.push_back(all_[i]);
  }
  return chosen;
}

std::optional<std::vector<NamedMetrics>> Evaluations::scores(const NamedEvaluators& chosen, std::shared_ptr<Backbone> encoder) const {
  if (chosen.empty()) return std::vector<NamedMetrics>();
  EmbedderOptions options;
  options.threads = recipe_.run.loader_threads;
  options.device = device_;
  options.precision = recipe_.run.precision;
  options.stop = interrupted;
  std::list<ModelEmbedder> embedders;
  std::vector<EvaluatedModel> models;
  for (ScaledEvaluators& group : by_scaling(chosen, recipe_)) {
    embedders.emplace_back(encoder, group.input, options);
    models.push_back({std::move(group.evaluators), &embedders.back(), ""});
  }
  try {
    return in_order(chosen, evaluate_together(models));
  } catch (const EmbeddingStopped&) {
    return std::nullopt;
  }
}

}  // namespace lafs
