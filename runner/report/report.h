#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "kernel/evaluate/listed_pictures.h"

namespace lafs {

/// report.html of a run folder: one page without outside parts, made from what recipe.toml, manifest.json, metrics.jsonl and results.json
/// hold, and of pictures, without which those of the former page stay; a file that is absent leaves its part out. Throws Error when a file
/// cannot be read as what it should be.
void write_report(const std::filesystem::path& folder, const std::vector<ListedPictures>& pictures = {});

/// report.html of a row's folder from its results.json: its stages in one comparison with links to their own pages, and published values.
void write_row_report(const std::filesystem::path& folder);

/// The same pages without writing them.
std::string report_page(const std::filesystem::path& folder, const std::vector<ListedPictures>& pictures = {});
std::string row_report_page(const std::filesystem::path& folder);

}  // namespace lafs
