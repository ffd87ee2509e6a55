#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "kernel/recipe/recipe.h"

namespace lafs {

/// A number somebody published, to stand beside what a stage measured.
struct PublishedValue {
  std::string metric;     ///< as an evaluator names it: "accuracy"
  double value = 0;       ///< in the unit of the metric
  double tolerance = 0;   ///< largest difference that counts as reproduced
  std::string source;     ///< where it is printed: "table 3"
  std::string stage;      ///< whose results it is compared with; empty: the last stage
  std::string evaluator;  ///< name in the results; empty: the first with this metric

  void declare(Params& p);
};

/// One run recipe of a row.
struct Stage {
  std::string name;
  Recipe recipe;
  std::vector<std::string> inputs;  ///< earlier stages whose weights it takes, each once
};

/// Run recipes that are run one after the other, later ones from weights of earlier ones. A run recipe alone is a row of one stage
/// without a name.
struct Row {
  std::filesystem::path file, folder;  ///< `folder`/STAGE is the run folder of a stage; absolute for a row
  std::string title;
  std::string identity;  ///< of all stages together
  std::vector<PublishedValue> published;
  std::vector<Stage> stages;

  bool alone() const { return stages.size() == 1 && stages.front().name.empty(); }
  std::vector<std::string> names() const;
  std::filesystem::path folder_of(const Stage& stage) const { return alone() ? folder : folder / stage.name; }
  /// Throws RecipeError for a name that no stage has, as one of the command line's "--stage".
  const Stage& stage(const std::string& name) const;
};

/// Whether a document is that of a row: it has `[row]` or `[[stage]]`.
bool is_row(const Node& document);

/// Reads a row, or a run recipe. Each stage is its bases, the row's common tables over them, its own keys on top; `--set STAGE.key`
/// reaches one stage, `--set key` all. `from = "stage:NAME"` becomes the stage's last checkpoint under `folder` (default
/// runs/<stem>-<identity>) and its identity. Opens no data. Throws RecipeError with every mistake of every stage.
Row read_row(const std::filesystem::path& file, const RecipeContext& context, Registry& registry, const std::filesystem::path& folder = {});

/// One run recipe: the stage of that name, or with an empty name the file itself, which then must be no row.
Recipe read_stage(const std::filesystem::path& file, const std::string& stage, const RecipeContext& context, Registry& registry);

}  // namespace lafs
