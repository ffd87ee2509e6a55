#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "kernel/recipe/grid.h"

namespace lafs {

struct RecordedCell {
  std::string name;
  std::vector<std::string> labels;  ///< one for each axis
  int64_t seed = 0;
  std::string identity;  ///< of its settings when the grid was last run; empty: not known
};

/// What the folder of a grid says of it, in grid.json: enough for a table of what lies in cells/.
struct GridRecord {
  std::string title, stage;
  std::vector<std::string> axes, metrics;
  std::vector<RecordedCell> cells;
};

bool is_grid_folder(const std::filesystem::path& folder);

/// Where the results of a cell go: a folder as of a row.
std::filesystem::path cell_folder(const std::filesystem::path& grid_folder, const std::string& cell);

/// Why a cell failed when it was last run; empty where it did not, and where the folder is absent.
std::string cell_failure(const std::filesystem::path& cell_folder);

/// Notes a failure, or with an empty reason that there is none. Throws Error when it cannot be written.
void note_cell_failure(const std::filesystem::path& cell_folder, const std::string& reason);

/// Throws Error when it cannot be written.
void write_grid_record(const std::filesystem::path& folder, const Grid& grid, const std::vector<RecordedCell>& cells);

/// Throws Error for a file that is no grid.json.
GridRecord read_grid_record(const std::filesystem::path& folder);

}  // namespace lafs
