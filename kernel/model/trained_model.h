#pragma once
#include <filesystem>
#include <memory>
#include <string>

#include "kernel/ledger/checkpoint_state.h"
#include "kernel/recipe/recipe.h"
#include "lafs/backbone.h"

namespace lafs {

/// A trained model as commands take it: its checkpoint, and what that says of itself.
struct TrainedModel {
  std::filesystem::path checkpoint;
  RunPosition position;
  CheckpointFacts facts;
};

/// `path` is a checkpoint, a run's folder (its best checkpoint, else the last), or a row's folder with `stage` naming one of its runs.
/// With `stage_is_recipes` a path that has no run of that stage is taken for the run itself. Throws Error naming what is there.
TrainedModel find_model(const std::filesystem::path& path, const std::string& stage, bool stage_is_recipes = false);

/// The backbone with its trained weights, every tensor checked. Throws Error where weights and backbone do not fit.
std::shared_ptr<Backbone> load_encoder(const TrainedModel& model, const Registry& registry);

/// The recipe it was trained with.
Recipe training_recipe(const TrainedModel& model, const RecipeContext& context, Registry& registry);

}  // namespace lafs
