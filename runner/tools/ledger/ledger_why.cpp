#include "runner/tools/ledger/ledger_why.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <limits>
#include <optional>
#include <set>

#include <fmt/format.h>

#include "kernel/ledger/manifest.h"
#include "kernel/ledger/run_folder.h"
#include "kernel/recipe/grid.h"
#include "kernel/recipe/layers.h"
#include "kernel/run/ablation.h"
#include "kernel/run/ledger_places.h"

namespace lafs {

namespace {

std::string text_of(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

/// A stage of the ledger that is not the one that is looked for.
struct Unlike {
  LedgerStage stage;
  std::string difference;  ///< a line each
  int64_t lines = std::numeric_limits<int64_t>::max();
};

std::string difference_of(const LedgerStage& other, const StageFacts& facts, const std::string& resolved) {
  std::string text;
  if (!facts.data.empty() && other.facts.data != facts.data)
    text += fmt::format("\n  - training data {}\n  + training data {}", other.facts.data, facts.data);
  text += recipe_difference(text_of(other.folder / "recipe.toml"), resolved, 20);
  // Where its weights come from says the identity of an [[init]], so that only other data of an earlier stage is left to tell.
  if (text.empty() && other.facts.inputs != facts.inputs) text = "\n  the training data of an earlier stage";
  if (text.empty()) text = "\n  a revision of a plugin, which was raised because its numbers change";
  return text;
}

std::optional<Unlike> most_alike(const Ledger& ledger, const StageFacts& facts, const std::string& resolved) {
  Unlike best;
  for (LedgerStage& stage : ledger.stages()) {
    if (stage.facts.name != facts.name) continue;
    std::string difference = difference_of(stage, facts, resolved);
    const auto lines = std::count(difference.begin(), difference.end(), '\n');
    if (lines < best.lines) best = {std::move(stage), std::move(difference), lines};
  }
  return best.difference.empty() ? std::nullopt : std::optional(std::move(best));
}

std::string state_text(const Stage& stage, const StageFacts& facts, const Ledger& ledger) {
  if (!holds_nothing(stage.folder)) {
    const StageProgress progress = stage_progress({facts, "", stage.folder});
    const std::string where = fmt::format(" in {}", stage.folder.string());
    if (progress.finished && progress.has_weights) return "finished" + where;
    if (progress.finished) return "finished" + where + "; its weights were deleted, so it runs again if a later stage needs them";
    return progress.step < 0 ? "would run: nothing was saved yet" + where : fmt::format("goes on from step {}", progress.step) + where;
  }
  const auto other = most_alike(ledger, facts, stage.recipe.resolved);
  if (!other) return fmt::format("would run: no stage called \"{}\" was run before", facts.name);
  return fmt::format("would run: {} differs in{}", other->stage.folder.string(), other->difference);
}

/// What is said of stages: once of each, however many cells share it.
class StageStates {
 public:
  StageStates(const Ledger& ledger, const Registry& registry) : ledger_(ledger), registry_(registry) {}

  void add(const Row& row, const std::vector<StageFacts>& facts, const std::string& of_cell) {
    for (size_t i = 0; i < facts.size(); ++i) {
      if (!told_.insert(facts[i].key()).second) continue;
      text_ += fmt::format("stage {}{} ({}): {}\n", facts[i].name, of_cell, facts[i].key(), state_text(row.stages[i], facts[i], ledger_));
      for (const std::string& note : rebuilt_plugins(row.stages[i].folder, registry_)) text_ += fmt::format("  {}\n", note);
    }
  }
  const std::string& text() const { return text_; }

 private:
  const Ledger& ledger_;
  const Registry& registry_;
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
