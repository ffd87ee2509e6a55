#pragma once
#include <filesystem>
#include <vector>

#include "kernel/results/study_table.h"

namespace lafs {

/// What lies in folders of runs, rows and grids, as lines of a table. Runs and rows that differ in nothing but their seed are one line; a
/// grid has a line for each combination of its settings, also where nothing was run yet; what was measured there with other settings than
/// the grid was last run with is left out and named. Throws Error for a folder that is none of these.
Study read_study(const std::vector<std::filesystem::path>& folders);

/// The options of a table with what the grid in the folder wants of it, where they say nothing; as they are for other folders.
StudyTableOptions table_options(StudyTableOptions given, const std::vector<std::filesystem::path>& folders);

}  // namespace lafs
