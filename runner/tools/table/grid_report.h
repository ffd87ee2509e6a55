#pragma once
#include <filesystem>
#include <string>

#include "kernel/results/study_table.h"

namespace lafs {

/// report.html of a grid's folder: what came out best and by how much, `table`, curves over axes of numbers, and links to the reports of
/// its cells. Throws Error for a folder that is no grid's, and when the page cannot be written.
void write_grid_report(const std::filesystem::path& folder, const StudyTable& table);
/// The page without writing it.
std::string grid_report_page(const std::filesystem::path& folder, const StudyTable& table);

}  // namespace lafs
