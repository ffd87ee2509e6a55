#include "kernel/recipe/sense.h"

#include <algorithm>

#include <fmt/format.h>

#include "kernel/recipe/best_metric.h"
#include "lafs/suggestion.h"

namespace lafs {

namespace {

/// Where a key is written; the document itself where a default holds.
Position position_of(const Node& tree, const char* table, const char* key) {
  const Node* fields = tree.find(table);
  const Node* value = fields && fields->fields() ? fields->find(key) : nullptr;
  return value ? value->position : tree.position;
}

bool is_zero(const Schedule& schedule) { return schedule.from == 0 && (schedule.shape == "constant" || schedule.to == 0); }

/// That `best` names an evaluator which runs while there are checkpoints to choose from.
void check_best(const Recipe& recipe, const Position& position, Diagnostics& diagnostics) {
  const BestMetric best = best_metric_of(recipe.run.best);
  std::vector<std::string> names;
  for (const EvaluatorEntry& entry : recipe.evaluators) names.push_back(entry.name);
  const auto found = std::find(names.begin(), names.end(), best.evaluator);
  if (best.metric.empty()) {
    diagnostics.error(position, fmt::format("best = \"{}\" is not \"EVALUATOR/METRIC\", such as \"dev/accuracy\"", recipe.run.best));
  } else if (found == names.end()) {
    diagnostics.error(position,
                      fmt::format("best = \"{}\" names no evaluator of the recipe{}", recipe.run.best, suggestion(best.evaluator, names)));
  } else if (!recipe.evaluators[static_cast<size_t>(found - names.begin())].while_training) {
    diagnostics.error(position, fmt::format("best = \"{}\" names an evaluator that does not run while training; remove its "
                                            "while_training = false",
                                            recipe.run.best));
  }
}

/// Options about evaluations while training, where there are none.
void check_evaluations(const Recipe& recipe, const Node& tree, Diagnostics& diagnostics) {
  const bool none = std::ranges::none_of(recipe.evaluators, &EvaluatorEntry::while_training);
  const bool never = recipe.run.evaluate_steps == 0 && recipe.run.evaluate_every == 0;
  if (recipe.run.patience > 0 && (none || never)) {
    diagnostics.error(position_of(tree, "run", "patience"),
                      fmt::format("patience = {} has no effect: {}", recipe.run.patience,
                                  none ? "no evaluator runs while training" : "evaluate_every = 0 evaluates at the end only"));
  }
  if (recipe.run.evaluate_steps > 0 && none) {
    diagnostics.error(position_of(tree, "run", "evaluate_steps"),
                      fmt::format("evaluate_steps = {} has no effect: no evaluator runs while training", recipe.run.evaluate_steps));
  }
}

}  // namespace

std::vector<std::string> sense_notes(const Recipe& recipe) {
  if (recipe.optimizer.empty()) return {};
  const Schedule& lr = recipe.optimizer_options.lr;
  if (is_zero(lr)) return {"lr = 0 in every step: no weight moves"};
  const bool warms_up = lr.takes("warmup_epochs") && lr.warmup_epochs > 0;
  if (warms_up && recipe.run.total_steps == 0 && recipe.run.epochs > 0 && lr.warmup_epochs >= static_cast<double>(recipe.run.epochs))
    return {"the warm-up of lr is as long as the run, so that lr only rises: train for more epochs, or lower warmup_epochs"};
  return {};
}

void check_sense(const Recipe& recipe, const Node& tree, Diagnostics& diagnostics) {
  if (recipe.run.clip != "none" && recipe.run.clip_norm == 0) {
    diagnostics.error(position_of(tree, "run", "clip_norm"),
                      "clip_norm = 0 makes every gradient 0, and nothing trains; to leave gradients as they are, write clip = \"none\"");
  }
  if (!recipe.run.best.empty()) check_best(recipe, position_of(tree, "run", "best"), diagnostics);
  check_evaluations(recipe, tree, diagnostics);
  if (recipe.optimizer_options.layer_decay == 0) {
    diagnostics.error(position_of(tree, "optimizer", "layer_decay"),
                      "layer_decay = 0 trains the last layer alone; write 1 for one rate in all layers");
  }
  if (!recipe.objective.empty() && recipe.input.shift != InputContract().shift) {
    diagnostics.error(position_of(tree, "input", "shift"),
                      "shift moves pictures that are measured, and this recipe trains on them as they are; write no shift");
  }
}

}  // namespace lafs
