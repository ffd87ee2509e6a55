#pragma once
#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "kernel/recipe/document.h"
#include "kernel/registry/registry.h"
#include "lafs/params.h"

namespace lafs {

/// A published number, to be shown beside what a stage measured.
struct PublishedValue {
  std::string metric;     ///< as an evaluator names it: "accuracy"
  double value = 0;       ///< in the unit of the metric
  double tolerance = 0;   ///< largest difference that counts as reproduced
  std::string source;     ///< where it is printed: "table 3"
  std::string stage;      ///< whose results it is compared with; empty: the last stage
  std::string evaluator;  ///< name in the results; empty: the first with this metric
  std::string status;     ///< how well it is known, as status.h has it: "derived: why"; may be empty

  void declare(Params& p);
  /// Whether what was measured is within the tolerance.
  bool is_reproduced_by(double measured) const;
};

inline bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

/// What `from` of an `[[init]]` begins with where it names a stage.
inline constexpr std::string_view stage_prefix = "stage:";

/// One run recipe of a row as it is written.
struct StageDocument {
  std::string name;
  Document document;
  std::vector<std::string> errors;  ///< of a base or an override that left no document to read
};

/// A row as it is written. A run recipe alone is a row of one stage without a name.
struct RowDocument {
  std::filesystem::path file;
  std::string title;
  std::vector<PublishedValue> published;
  std::vector<std::string> deviations;  ///< what is known to differ from the published run, a sentence each
  std::vector<StageDocument> stages;

  bool alone() const { return stages.size() == 1 && stages.front().name.empty(); }
};

/// Reads a file, a row or a run recipe, once. Each stage is its bases, the row's common tables over them, its own keys on top;
/// `--set STAGE.key` reaches one stage, `--set key` all. Throws RecipeError for what makes it unclear which stages there are.
RowDocument read_row_document(const std::filesystem::path& file, const RecipeContext& context);

/// `load_recipe_plugins` for every stage.
void load_row_plugins(RowDocument& row, Registry& registry);

}  // namespace lafs
