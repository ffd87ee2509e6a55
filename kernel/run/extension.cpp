#include "kernel/run/extension.h"

#include <algorithm>
#include <type_traits>

#include <fmt/format.h>

#include "kernel/ledger/checkpoint_folder.h"
#include "kernel/ledger/run_folder.h"
#include "kernel/recipe/document.h"
#include "kernel/train/trainer.h"
#include "lafs/error.h"

namespace lafs {

namespace {

/// The options of `[run]` that say how long a run is.
struct Length {
  int64_t epochs = 1, total_steps = 0, steps = 0;
  std::string extends;

  bool same_schedules(const RunOptions& run) const { return total_steps == run.total_steps && (total_steps > 0 || epochs == run.epochs); }
};

/// That of a resolved recipe; keys that it does not have yet keep their defaults.
Length length_of(const std::string& resolved) {
  Length length;
  const Node document = parse_toml(resolved, "recipe", {});
  const Node* run = document.find("run");
  const auto take = [&](const char* key, auto& into) {
    const Node* node = run ? run->find(key) : nullptr;
    if (!node) return;
    if (const auto* value = std::get_if<std::remove_reference_t<decltype(into)>>(&node->value)) into = *value;
  };
  take("epochs", length.epochs);
  take("total_steps", length.total_steps);
  take("steps", length.steps);
  take("extends", length.extends);
  return length;
}

RunOptions with_length(RunOptions run, const Length& length) {
  run.epochs = length.epochs;
  run.total_steps = length.total_steps;
  run.steps = length.steps;
  run.extends = length.extends;
  return run;
}

std::string identity_with(Recipe recipe, const RunOptions& run) {
  recipe.run = run;
  resolve(recipe);
  return recipe.identity;
}

std::string mark_of(const std::string& identity, int64_t step) { return fmt::format("{}@{}", identity, step); }

}  // namespace

bool differs_in_length(const Recipe& recipe, const CheckpointFacts& facts) {
  return recipe.identity != facts.identity && identity_with(recipe, with_length(recipe.run, length_of(facts.recipe))) == facts.identity;
}

bool goes_on_from(const Recipe& recipe, const std::string& extends, const CheckpointFacts& facts, int64_t step) {
  return facts.identity == recipe.identity || facts.identity == extends || mark_of(facts.identity, step) == recipe.run.extends;
}

std::string extend_run(Recipe& recipe, const std::filesystem::path& folder) {
  const auto whole = CheckpointFolder(folder).survey().whole;
  if (whole.empty()) throw Error(fmt::format("\"{}\" holds no checkpoint to extend; give the folder of the run as --out", folder.string()));
  const auto& [path, position, facts] = whole.front();
  if (facts.identity == recipe.identity) return "";
  if (!differs_in_length(recipe, facts)) {
    throw Error(fmt::format("\"{}\" holds a run that differs in more than [run] epochs, total_steps and steps, and cannot be extended{}",
                            folder.string(), recipe_difference(facts.recipe, recipe.resolved)));
  }
  const Length before = length_of(facts.recipe);
  const bool same = before.same_schedules(recipe.run);
  recipe.run.extends = same ? before.extends : mark_of(facts.identity, position.step);
  resolve(recipe);
  return same ? facts.identity : "";
}

std::string extension_note(const Recipe& recipe, const Epochs& epochs, const CheckpointFacts& before, int64_t step) {
  const Epochs old(with_length(recipe.run, length_of(before.recipe)), epochs.images);
  if (epochs.steps <= step)
    throw Error(fmt::format("nothing to extend: the run has {} steps behind it, and this recipe has {}", step, epochs.steps));
  if (old.total == epochs.total)
    return fmt::format("extended at step {}: to {} steps, with the schedules as they were", step, epochs.steps);
  const Schedule lr = learning_rate(recipe.optimizer_options, recipe.run);
  const int64_t last = std::max<int64_t>(0, step - 1);
  return fmt::format("extended at step {}: schedules span {} steps from here, where they spanned {}; lr was {:.6g} and is {:.6g}", step,
                     epochs.total, old.total, lr.at(old.timeline(last)), lr.at(epochs.timeline(step)));
}

}  // namespace lafs
