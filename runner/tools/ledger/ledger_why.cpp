#include "runner/tools/ledger/ledger_why.h"

#include <algorithm>
#include <limits>
#include <map>
#include <optional>
#include <set>

#include <fmt/format.h>

#include "formats/file_text.h"
#include "kernel/ledger/manifest.h"
#include "kernel/ledger/run_folder.h"
#include "kernel/recipe/grid.h"
#include "kernel/recipe/layers.h"
#include "kernel/run/ablation.h"
#include "kernel/run/ledger_places.h"

namespace lafs {

namespace {

/// A stage of the ledger that is not the one that is looked for.
struct Unlike {
  LedgerStage stage;
  std::string difference;  ///< a line each
  int64_t lines = std::numeric_limits<int64_t>::max();
};

/// Recipes of stages that were run, each opened once.
class KnownRecipes {
 public:
  explicit KnownRecipes(Registry& registry) : registry_(registry) {}

  /// Lines in which the stage's recipe and another differ and that count. `counting`: the counting_text of the other.
  std::string difference(const LedgerStage& stage, const Recipe& other, const std::string& counting) {
    const auto [known, is_new] = recipes_.try_emplace(stage.folder);
    if (is_new) known->second = read(stage.folder / "recipe.toml");
    const auto& [text, counts] = known->second;
    return recipe_difference(text, counts ? counting : other.resolved, 20);
  }

 private:
  struct Known {
    std::string text;
    bool counts = false;  ///< what counts alone
  };

  Known read(const std::filesystem::path& file) const {
    const std::string whole = formats::file_text(file).value_or("");
    try {
      return {counting_text(open_recipe_text(whole, file.string(), {}, registry_)), true};
    } catch (const std::exception&) {  // such as one of a plugin that is not there any more: then everything is compared
      return {whole, false};
    }
  }

  Registry& registry_;
  std::map<std::filesystem::path, Known> recipes_;
};

std::string difference_of(const LedgerStage& other, const StageFacts& facts, const std::string& of_recipes) {
  std::string text;
  if (!facts.data.empty() && other.facts.data != facts.data)
    text += fmt::format("\n  - training data {}\n  + training data {}", other.facts.data, facts.data);
  text += of_recipes;
  // Where its weights come from says the identity of an [[init]], so that only other data of an earlier stage is left to tell.
  if (text.empty() && other.facts.inputs != facts.inputs) text = "\n  the training data of an earlier stage";
  if (text.empty())
    text = "\n  a revision of a plugin, which was raised because its numbers change, or an option that the plugin did not have then";
  return text;
}

/// What is said of stages: once of each, however many cells share it.
class StageStates {
 public:
  StageStates(const Ledger& ledger, Registry& registry) : ledger_(ledger), registry_(registry), recipes_(registry) {}

  void add(const Row& row, const std::vector<StageFacts>& facts, const std::string& of_cell) {
    for (size_t i = 0; i < facts.size(); ++i) {
      if (!told_.insert(facts[i].key()).second) continue;
      text_ += fmt::format("stage {}{} ({}): {}\n", facts[i].name, of_cell, facts[i].key(), state_of(row.stages[i], facts[i]));
      for (const std::string& note : rebuilt_plugins(row.stages[i].folder, registry_)) text_ += fmt::format("  {}\n", note);
    }
  }
  const std::string& text() const { return text_; }

 private:
  std::string state_of(const Stage& stage, const StageFacts& facts) {
    if (!holds_nothing(stage.folder)) {
      const StageProgress progress = stage_progress({facts, "", stage.folder});
      const std::string where = fmt::format(" in {}", stage.folder.string());
      if (progress.finished && progress.has_weights) return "finished" + where;
      if (progress.finished) return "finished" + where + "; its weights were deleted, so it runs again if a later stage needs them";
      return progress.step < 0 ? "would run: nothing was saved yet" + where : fmt::format("goes on from step {}", progress.step) + where;
    }
    const auto other = most_alike(facts, stage.recipe);
    if (!other) return fmt::format("would run: no stage called \"{}\" was run before", facts.name);
    return fmt::format("would run: {} differs in{}", other->stage.folder.string(), other->difference);
  }

  std::optional<Unlike> most_alike(const StageFacts& facts, const Recipe& recipe) {
    Unlike best;
    const std::string counting = counting_text(recipe);
    for (LedgerStage& stage : ledger_.stages()) {
      if (stage.facts.name != facts.name) continue;
      std::string difference = difference_of(stage, facts, recipes_.difference(stage, recipe, counting));
      const auto lines = std::count(difference.begin(), difference.end(), '\n');
      if (lines < best.lines) best = {std::move(stage), std::move(difference), lines};
    }
    return best.difference.empty() ? std::nullopt : std::optional(std::move(best));
  }

  const Ledger& ledger_;
  Registry& registry_;
  KnownRecipes recipes_;
  std::set<std::string> told_;  ///< keys
  std::string text_;
};

}  // namespace

std::string why_text(const Ledger& ledger, const std::filesystem::path& recipe, const RecipeContext& context, Registry& registry) {
  StageStates states(ledger, registry);
  if (is_grid(read_document(recipe))) {
    for (const AblationCell& cell : open_cells(read_grid(recipe, context), registry, ledger.root(), ledger))
      states.add(cell.row, cell.facts, fmt::format(" of {}", cell.cell.name));
  } else {
    Row row = open_row(recipe, context, registry);
    const std::vector<StageFacts> facts = LedgerPlaces(ledger).place(row);
    states.add(row, facts, "");
  }
  return states.text();
}

}  // namespace lafs
