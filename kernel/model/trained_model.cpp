#include "kernel/model/trained_model.h"

#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "kernel/ledger/run_folder.h"
#include "kernel/model/load.h"
#include "kernel/recipe/reader.h"
#include "lafs/suggestion.h"

namespace lafs {

namespace {

namespace fs = std::filesystem;

/// The folder that was named, or of a row's the stage's under it.
fs::path run_folder(const fs::path& path, const std::string& stage, bool stage_is_recipes) {
  const std::vector<std::string> stages = runs_in(path);
  if (stage.empty()) {
    if (stages.empty() || holds_run(path)) return path;
    if (stages.size() == 1) return path / stages.front();
    throw Error(fmt::format("\"{}\" holds the runs of a row; pick one with --stage: {}", path.string(), fmt::join(stages, ", ")));
  }
  if (const fs::path inner = path / stage; fs::is_directory(inner)) return inner;
  if (stage_is_recipes || !fs::is_directory(path)) return path;
  throw Error(fmt::format("\"{}\" has no run of a stage \"{}\"{}", path.string(), stage, suggestion(stage, stages)));
}

}  // namespace

TrainedModel find_model(const fs::path& path, const std::string& stage, bool stage_is_recipes) {
  const fs::path checkpoint = resolve_checkpoint(run_folder(path, stage, stage_is_recipes));
  auto [position, facts] = read_checkpoint_state(checkpoint);
  return {checkpoint, position, std::move(facts), true};
}

Use<Backbone> encoder_of(const TrainedModel& model, const Registry& registry) {
  Use<Backbone> use(model.facts.backbone);
  const std::string place = model.trained_here ? (model.checkpoint / "state.json").string() + " encoder" : model.checkpoint.string();
  read_options(model.facts.backbone_options, place, use, registry);
  return use;
}

std::shared_ptr<Backbone> load_backbone(const TrainedModel& model, const Use<Backbone>& use, const std::string& path,
                                        const WeightsFile& weights) {
  auto backbone = use.make(model.facts.input);
  const LoadAccount account = load_matching(weights, {.select = path}, *backbone->module());
  if (account.matched.size() < account.wanted() || !account.unexpected.empty()) {
    throw Error(
        fmt::format("\"{}\" of \"{}\" does not fit backbone \"{}\": {} tensors matched, {} missing, {} of another shape, {} not used", path,
                    model.checkpoint.string(), use.name, account.matched.size(), account.missing.size(), account.wrong_shape.size(),
                    account.unexpected.size()));
  }
  return backbone;
}

std::shared_ptr<Backbone> load_encoder(const TrainedModel& model, const Registry& registry) {
  if (!model.trained_here) return encoder_of(model, registry).make(model.facts.input);
  const WeightsFile weights(model.checkpoint / "weights.safetensors");
  return load_backbone(model, encoder_of(model, registry), model.facts.encoder, weights);
}

Recipe training_recipe(const TrainedModel& model, const RecipeContext& context, Registry& registry) {
  if (!model.trained_here && model.checkpoint.extension() == ".toml") return open_recipe(model.checkpoint, context, registry);
  if (!model.trained_here)
    throw Error(fmt::format("\"{}\" was not trained here and has no recipe; name one with --recipe", model.checkpoint.string()));
  return open_recipe_text(model.facts.recipe, recipe_place(model.checkpoint, model.facts), context, registry);
}

}  // namespace lafs
