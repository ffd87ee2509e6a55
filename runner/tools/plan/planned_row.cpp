#include "runner/tools/plan/planned_row.h"

#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "kernel/recipe/grid.h"
#include "kernel/recipe/layers.h"

namespace lafs {

PlannedRow open_planned(const std::filesystem::path& file, const RecipeContext& context, Registry& registry,
                        const std::filesystem::path& inputs) {
  if (!is_grid(read_document(file))) return {open_row(file, context, registry, inputs), "", 0};
  const std::vector<GridCell> cells = grid_cells(read_grid(file, context));
  const GridCell& first = cells.front();
  return {open_row(first.recipe, first.context, registry, inputs), first.name, static_cast<int64_t>(cells.size())};
}

std::string grid_line(const PlannedRow& planned) {
  if (planned.cells == 0) return "";
  return fmt::format("a grid of {} cell{}; this is the first: {}\n\n", planned.cells, planned.cells == 1 ? "" : "s", planned.cell);
}

nlohmann::json planned_json(const PlannedRow& planned, const nlohmann::json& plans) {
  if (planned.cells > 0) return {{"cells", planned.cells}, {"cell", planned.cell}, {"stages", plans}};
  return plans.size() == 1 ? plans.front() : plans;
}

}  // namespace lafs
