#include <set>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "kernel/recipe/grid.h"
#include "kernel/run/row_session.h"
#include "runner/tools/check/check.h"

namespace lafs {

CheckedRecipe check_grid(const std::filesystem::path& file, const std::string& stage, const RecipeContext& context, Registry& registry) {
  CheckedRecipe result{.file = file};
  std::vector<GridCell> cells;
  result.errors = errors_of(file.string(), [&] { cells = grid_cells(read_grid(file, context)); });
  result.cells = static_cast<int64_t>(cells.size());
  CellMistakes errors, warnings;
  std::set<std::string> checked;
  for (const GridCell& cell : cells) {
    Row row;
    std::vector<const Stage*> chosen;
    errors.add(cell, errors_of(cell.recipe.string(), [&] {
                 row = open_row(cell.recipe, cell.context, registry);
                 chosen = chosen_stages(row, stage);
               }));
    for (const Stage* one : chosen) {
      if (!checked.insert(one->recipe.evaluation_identity).second) continue;
      const CheckedRecipe found = check_stage(row, *one);
      errors.add(cell, found.errors);
      warnings.add(cell, found.warnings);
      result.missing_data.insert(found.missing_data.begin(), found.missing_data.end());
    }
  }
  result.errors.insert(result.errors.end(), errors.lines().begin(), errors.lines().end());
  result.warnings = warnings.lines();
  return result;
}

}  // namespace lafs
