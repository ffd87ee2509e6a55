#include <functional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "kernel/recipe/grid.h"
#include "kernel/run/row_session.h"
#include "runner/tools/check/check.h"

namespace lafs {

namespace {

/// Collects what is wrong with cells, each different line once.
class CellFindings {
 public:
  void add(const std::vector<std::string>& lines, const std::string& cell, std::vector<std::string>& out) {
    for (const std::string& line : lines) {
      if (known_.insert(line).second) out.push_back(fmt::format("{} (cell {})", line, cell));
    }
  }

 private:
  std::set<std::string> known_;
};

}  // namespace

CheckedRecipe check_grid(const std::filesystem::path& file, const std::string& stage, const RecipeContext& context, Registry& registry) {
  CheckedRecipe result{file, "", {}, {}, "", 0};
  std::vector<GridCell> cells;
  result.errors = errors_of(file.string(), [&] { cells = grid_cells(read_grid(file, context)); });
  result.cells = static_cast<int64_t>(cells.size());
  if (cells.empty() && result.errors.empty())
    result.errors.push_back(fmt::format("{}: error: [[grid.exclude]] leaves no cell", file.string()));
  CellFindings findings;
  std::set<std::string> checked;
  for (const GridCell& cell : cells) {
    Row row;
    std::vector<const Stage*> chosen;
    const auto errors = errors_of(cell.recipe.string(), [&] {
      row = open_row(cell.recipe, cell.context, registry);
      chosen = chosen_stages(row, stage);
    });
    findings.add(errors, cell.name, result.errors);
    for (const Stage* one : chosen) {
      if (!checked.insert(one->recipe.evaluation_identity).second) continue;
      const CheckedRecipe found = check_stage(row, *one);
      findings.add(found.errors, cell.name, result.errors);
      findings.add(found.warnings, cell.name, result.warnings);
    }
  }
  return result;
}

}  // namespace lafs
