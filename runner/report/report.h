#pragma once
#include <filesystem>

namespace lafs {

/// report.html of a run folder: one page without outside parts, made from what recipe.toml, manifest.json, metrics.jsonl and results.json
/// hold; a file that is absent leaves its part out. Throws Error when a file cannot be read as what it should be.
void write_report(const std::filesystem::path& folder);

}  // namespace lafs
