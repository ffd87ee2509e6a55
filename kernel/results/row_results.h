#pragma once
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <utility>
#include <vector>

#include "kernel/recipe/row.h"

namespace lafs {

/// results.json of the stages of a row that are finished, by name.
using StageResults = std::vector<std::pair<std::string, nlohmann::json>>;

/// {"row", "title", "identity", "folder", "stages":[{"name", "identity", "evaluation_identity", "folder", "step", "evaluators":[..]}],
/// "published":[{"metric", "stage", "evaluator", "value", "tolerance", "source", "status", "unit", "measured", "reproduced"}],
/// "deviations":["sentence"]}. Curves and lists stay in the stages' own files; "measured" and "reproduced" are null while the stage or the
/// metric is missing.
nlohmann::json row_results_json(const Row& row, const StageResults& results);

/// All stages in one table for the terminal, published values under it.
std::string row_table(const nlohmann::json& row);

/// results.json of a row's folder, written whole or not at all.
void write_row_results(const std::filesystem::path& folder, const nlohmann::json& row);

}  // namespace lafs
