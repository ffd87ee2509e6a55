#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "kernel/results/study_table.h"

namespace lafs {

struct TableRequest {
  std::vector<std::filesystem::path> folders;  ///< of one grid, or of runs and rows
  StudyTableOptions options;
  std::string average;              ///< axis whose mean is taken before anything is compared; empty: none
  std::filesystem::path published;  ///< numbers of other methods, which stand below; empty: none
  std::string format = "text";      ///< one of `table_formats()`, or "json"
};

/// The table, in its format. Throws Error for a folder without results and for a name that no run has, RecipeError for a file of published
/// numbers with mistakes.
std::string table_of(const TableRequest& request);

}  // namespace lafs
