#pragma once
#include <filesystem>
#include <set>
#include <vector>

#include "kernel/recipe/recipe.h"

namespace lafs {

/// Every existing folder that a path option of the recipe's data source, or of an evaluator, names: where its pictures are.
std::vector<std::filesystem::path> data_folders(const Recipe& recipe);

/// The paths that options of the recipe's data source and evaluators name and where there is nothing, but for those that a plugin writes
/// to.
std::set<std::filesystem::path> missing_data(const Recipe& recipe);

/// The files that options of the recipe's evaluators name, but for those of their data sources, such as lists of pairs; in the order of the
/// options.
std::vector<std::filesystem::path> evaluator_files(const Recipe& recipe);

/// The folders and files that the path options of a data source name.
std::vector<std::filesystem::path> source_paths(const AnyUse& source);

/// The folders that the path options of a data source name, and behind them those of the files that they name.
std::vector<std::filesystem::path> source_folders(const AnyUse& source);

}  // namespace lafs
