#pragma once
#include <filesystem>

#include "kernel/recipe/row.h"

namespace lafs {

/// Throws Error unless a run of the recipe may write into the folder: it must be absent, empty, or hold a run of lafs, and be neither in a
/// folder of the recipe's data nor such that the run would overwrite the recipe's own file. Writes nothing; returns the folder.
const std::filesystem::path& require_run_folder(const Recipe& recipe, const std::filesystem::path& folder);

/// The same for the folder of a row, where its results and its stages may lie, or links to stages that are kept elsewhere.
void require_row_folder(const Row& row, bool stages_elsewhere);

}  // namespace lafs
