#pragma once
#include <filesystem>
#include <memory>
#include <string>

#include "kernel/ledger/checkpoint_state.h"
#include "kernel/model/weights_file.h"
#include "kernel/recipe/recipe.h"
#include "lafs/backbone.h"

namespace lafs {

/// A trained model: its checkpoint, and what that records about itself. One that was trained elsewhere (model_file.h) has a file in its
/// place, and of the facts only the backbone with its options and the input contract.
struct TrainedModel {
  std::filesystem::path checkpoint;
  RunPosition position;
  CheckpointFacts facts;
  bool trained_here = true;
};

/// `path` is a checkpoint, a run's folder (its best checkpoint, else the last), or a row's folder with `stage` naming one of its runs;
/// without `stage` its only run. With `stage_is_recipes` a path that has no run of that stage is taken for the run itself. Throws Error
/// naming the runs it found.
TrainedModel find_model(const std::filesystem::path& path, const std::string& stage, bool stage_is_recipes = false);

/// The encoder's plugin with the options it was trained with.
Use<Backbone> encoder_of(const TrainedModel& model, const Registry& registry);

/// A backbone with the trained weights below `path` of the checkpoint's tree. Throws Error unless each tensor of both has its partner.
std::shared_ptr<Backbone> load_backbone(const TrainedModel& model, const Use<Backbone>& use, const std::string& path,
                                        const WeightsFile& weights);

/// The encoder with its trained weights; throws as `load_backbone`. Of a model that was trained elsewhere: its network.
std::shared_ptr<Backbone> load_encoder(const TrainedModel& model, const Registry& registry);

/// The recipe it was trained with; of one that was trained elsewhere, the recipe that names it. Throws Error for a file without one.
Recipe training_recipe(const TrainedModel& model, const RecipeContext& context, Registry& registry);

}  // namespace lafs
