#pragma once
#include <cstdint>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "kernel/recipe/document.h"

namespace lafs {

/// One setting of an axis.
struct GridChoice {
  std::string label;             ///< in tables and names of cells: "5"
  std::filesystem::path recipe;  ///< in place of the grid's; empty: the grid's
  std::vector<Field> set;        ///< keys of the recipe, dotted, as `--set` takes them, and their values
};

/// What is varied, such as the noise of landmarks.
struct GridAxis {
  std::string name;
  std::vector<GridChoice> choices;
};

/// A row or run recipe, run once for every combination of settings and every seed:
///
///     [grid]
///     recipe = "lafs.toml"                 # a row, or a run recipe
///     seeds = [1, 2, 3]
///     seed_stages = ["pretrain"]           # others keep the seed of the recipe, and are run once
///
///     [[grid.axis]]
///     name = "noise"
///     key = "pretrain.augmentation.noise"
///     values = [0, 5]
struct Grid {
  std::filesystem::path file;
  std::string title;
  std::filesystem::path recipe;
  std::vector<GridAxis> axes;
  std::vector<int64_t> seeds;                                ///< empty: the seed of the recipe, and none in the names of cells
  std::vector<std::string> seed_stages;                      ///< stages that get the seeds; empty: all
  std::vector<Field> set;                                    ///< for all cells
  std::vector<std::map<std::string, std::string>> excluded;  ///< axis to label: cells with all of these are left out
  std::string stage;                                         ///< whose results the table shows; empty: the last
  std::vector<std::string> metrics;                          ///< of the table, as `lafs table --metric` takes them; empty: its default
  RecipeContext context;                                     ///< what the command line adds to each cell

  /// Combinations and seeds, those that are excluded too. Infinite rather than wrong.
  double size() const;
};

/// One combination and seed.
struct GridCell {
  std::string name;                 ///< unique within the grid, and fit for a file: "noise=5,seed=1"
  std::vector<std::string> labels;  ///< one for each axis
  int64_t seed = 0;                 ///< 0 where the grid has no seeds
  std::filesystem::path recipe;
  RecipeContext context;  ///< with the settings of the cell
};

/// What is wrong with the cells of a grid: each different line once, with the first cell that has it.
class CellMistakes {
 public:
  void add(const GridCell& cell, const std::vector<std::string>& lines);
  const std::vector<std::string>& lines() const { return lines_; }
  /// Throws RecipeError with the lines.
  void throw_if_any() const;

 private:
  std::set<std::string> known_;
  std::vector<std::string> lines_;
};

/// Reads a file with `[grid]`. The recipes it names are read for the names of their stages only. Throws RecipeError with every mistake.
Grid read_grid(const std::filesystem::path& file, const RecipeContext& context);

/// All cells that are not excluded; the first seed of every combination comes before the second of any. Throws RecipeError if none is left.
std::vector<GridCell> grid_cells(const Grid& grid);

}  // namespace lafs
