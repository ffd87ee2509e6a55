#include "kernel/recipe/sense.h"

namespace lafs {

namespace {

/// Where a key is written; the document itself where a default holds.
Position position_of(const Node& tree, const char* table, const char* key) {
  const Node* fields = tree.find(table);
  const Node* value = fields && fields->fields() ? fields->find(key) : nullptr;
  return value ? value->position : tree.position;
}

bool is_zero(const Schedule& schedule) { return schedule.from == 0 && (schedule.shape == "constant" || schedule.to == 0); }

}  // namespace

std::vector<std::string> sense_notes(const Recipe& recipe) {
  if (recipe.optimizer.empty() || !is_zero(recipe.optimizer_options.lr)) return {};
  return {"lr = 0 in every step: no weight moves"};
}

void check_sense(const Recipe& recipe, const Node& tree, Diagnostics& diagnostics) {
  if (recipe.run.clip != "none" && recipe.run.clip_norm == 0) {
    diagnostics.error(position_of(tree, "run", "clip_norm"),
                      "clip_norm = 0 makes every gradient 0, and nothing trains; to leave gradients as they are, write clip = \"none\"");
  }
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
