#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "kernel/recipe/recipe.h"
#include "kernel/recipe/row_document.h"

namespace lafs {

/// One run recipe of a row.
struct Stage {
  std::string name;
  Recipe recipe;
  std::vector<std::string> inputs;  ///< earlier stages whose weights it takes, each once
  std::filesystem::path folder;     ///< its run folder; absolute in a row
  std::vector<std::string> starts;  ///< the stage that each `[[init]]` takes, "" for a file
};

/// Run recipes that are run one after the other, later ones from weights of earlier ones. A run recipe alone is a row of one stage
/// without a name.
struct Row {
  std::filesystem::path file, folder;  ///< where results of all stages go; absolute for a row
  std::string title;
  std::string identity;  ///< of all stages together
  std::vector<PublishedValue> published;
  std::vector<std::string> deviations;  ///< what is known to differ from the published run, a sentence each
  std::vector<Stage> stages;

  bool alone() const { return stages.size() == 1 && stages.front().name.empty(); }
  std::vector<std::string> names() const;
  /// Where a link leads to the stage's run folder, when that is not in the row's.
  std::filesystem::path link_of(const Stage& stage) const { return folder / folder_name(stage.name); }
  /// Of a stage within the folder of a row; the name of the stage is empty where there is one without.
  static std::string folder_name(const std::string& stage) { return stage.empty() ? "run" : stage; }
  /// By its name, which is empty where there is one without. Throws RecipeError for a name that no stage has, as "--stage" may give.
  const Stage& stage(const std::string& name) const;
  /// Whose results a published value is compared with.
  const std::string& stage_of(const PublishedValue& value) const { return value.stage.empty() ? stages.back().name : value.stage; }
  /// Gives each stage its run folder, and later stages the weights from there. Throws PlacedError for a folder that no recipe can name.
  void place_stages(const std::vector<std::filesystem::path>& folders);
};

/// Opens a row, or a run recipe, in three steps: reads the file, loads the libraries that `[run] plugins` of its stages name, which runs
/// their code, and reads the recipes. `folder`/STAGE is where a stage runs, and `folder` where a run recipe does; default
/// runs/<stem>-<identity>. No training data is opened.
/// Throws RecipeError with every mistake of every stage.
Row open_row(const std::filesystem::path& file, const RecipeContext& context, Registry& registry, const std::filesystem::path& folder = {});

/// One run recipe of a file: the stage of that name, or with an empty name the file itself, which then must not be a row.
Recipe open_stage(const std::filesystem::path& file, const std::string& stage, const RecipeContext& context, Registry& registry);

/// Reads the recipes of a row whose plugins are loaded. `from = "stage:NAME"` becomes the stage's last checkpoint under `folder` and its
/// identity.
Row read_row(RowDocument document, const Registry& registry, const std::filesystem::path& folder = {});

}  // namespace lafs
