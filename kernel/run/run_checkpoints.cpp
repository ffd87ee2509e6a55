#include "kernel/run/run_checkpoints.h"

#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "kernel/ledger/run_folder.h"
#include "kernel/model/assembly.h"
#include "kernel/model/checkpoint.h"
#include "kernel/model/networks.h"
#include "kernel/recipe/resolver.h"
#include "kernel/run/extension.h"
#include "kernel/train/trainer.h"
#include "lafs/error.h"

namespace lafs {

namespace fs = std::filesystem;

void load_checkpoint(Trainer& trainer, const WholeCheckpoint& from) {
  load_weights(from.folder / "weights.safetensors", trainer.state());
  load_optimizer(from.folder / "optimizer.safetensors", trainer.optimizer());
  if (GradScaler* scaler = trainer.scaler()) {
    if (!from.position.scaler) throw Error(fmt::format("\"{}\" has no scaler", (from.folder / "state.json").string()));
    scaler->restore(*from.position.scaler);
  }
}

CheckpointFacts checkpoint_facts(const Recipe& recipe, Trainer& trainer, RecipeAssembly& assembly, const std::string& fingerprint) {
  CheckpointFacts facts;
  facts.identity = recipe.identity;
  facts.recipe = recipe.resolved;
  facts.encoder = trainer.encoder_path();
  facts.backbone = recipe.backbone.name;
  facts.backbone_options = options_text(recipe.backbone);
  facts.networks = networks_of(trainer.state(), assembly, recipe);
  facts.input = recipe.input;
  facts.data_fingerprint = fingerprint;
  facts.identities = assembly.identities();
  return facts;
}

RunCheckpoints::RunCheckpoints(const fs::path& run_folder, Note note)
    : run_folder_(run_folder), checkpoints_(run_folder), found_(checkpoints_.survey()), note_(std::move(note)) {
  if (const std::string sentence = checkpoints_.prepare(); !sentence.empty()) note_(sentence);
}

void RunCheckpoints::none_is_whole(const std::vector<std::string>& reasons) const {
  throw Error(fmt::format(
      "\"{}\" holds no whole checkpoint to continue from; restore one from a copy, or move that folder away to begin again\n  {}",
      checkpoints_.path().string(), fmt::join(reasons, "\n  ")));
}

const WholeCheckpoint* RunCheckpoints::newest(const Recipe& recipe, const std::string& extends) const {
  if (found_.whole.empty()) {
    if (!found_.damaged.empty()) none_is_whole(found_.damaged);
    if (checkpoints_.has_dangling_name()) none_is_whole({"the folder that last or best names is missing"});
    if (!recipe.run.extends.empty())
      throw Error(fmt::format("[run] extends = \"{}\", but \"{}\" holds no checkpoint of that run; give its folder as --out",
                              recipe.run.extends, run_folder_.string()));
    return nullptr;
  }
  const WholeCheckpoint& newest = found_.whole.front();
  if (goes_on_from(recipe, extends, newest.facts, newest.position.step)) return &newest;
  const bool length = differs_in_length(recipe, newest.facts);
  const std::string difference = recipe_difference(newest.facts.recipe, recipe.resolved);
  throw Error(fmt::format(
      "\"{}\" holds a run of {}{}", run_folder_.string(),
      length ? "another length; give another --out, or to train it further --extend (a stage of a row: with its own recipe.toml)"
             : "another recipe; give another --out, or the same recipe",
      difference.empty() ? ": a plugin has another revision" : difference));
}

RunPosition RunCheckpoints::load(const Recipe& recipe, const std::string& extends, Trainer& trainer) {
  auto reasons = found_.damaged;
  for (const WholeCheckpoint& candidate : found_.whole) {
    if (!goes_on_from(recipe, extends, candidate.facts, candidate.position.step)) continue;
    try {
      load_checkpoint(trainer, candidate);
    } catch (const Error& error) {
      reasons.push_back(fmt::format("{}: {}", candidate.folder.filename().string(), error.what()));
      continue;
    }
    for (const std::string& reason : reasons) note_("this checkpoint cannot be used: " + reason);
    for (const std::string& sentence : checkpoints_.repair(candidate)) note_(sentence);
    return candidate.position;
  }
  none_is_whole(reasons);
}

}  // namespace lafs
