#pragma once
#include <cstdint>
#include <filesystem>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "kernel/recipe/row.h"

namespace lafs {

/// What a plan is of: a row or run recipe, or the first cell of a grid.
struct PlannedRow {
  Row row;
  std::string cell;   ///< name of that cell; empty where the file is no grid
  int64_t cells = 0;  ///< of the grid
};

/// Opens any of the three; `inputs` is the folder of a row's stages as `open_row` has it. Throws RecipeError as it does.
PlannedRow open_planned(const std::filesystem::path& file, const RecipeContext& context, Registry& registry,
                        const std::filesystem::path& inputs);

/// A line for a grid: how many cells there are, and which is planned. Empty for a row.
std::string grid_line(const PlannedRow& planned);

/// What `--json` prints: the plan of a run recipe, or the list of those of a row's stages; of a grid {"cells", "cell", "stages":[..]}.
nlohmann::json planned_json(const PlannedRow& planned, const nlohmann::json& plans);

}  // namespace lafs
