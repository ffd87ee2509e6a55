#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "kernel/recipe/row.h"

namespace lafs {

/// What is wrong with one recipe, or one stage of a row.
struct CheckedRecipe {
  std::filesystem::path file;
  std::string stage;  ///< empty for a run recipe, and for a row that could not be read
  std::vector<std::string> errors, warnings;
  std::string resolved;                          ///< with every default written out
  int64_t cells = 0;                             ///< of a grid
  std::set<std::filesystem::path> missing_data;  ///< paths of the data source and the evaluators where there is nothing
};

/// The recipe itself, or every recipe below a folder, sorted; those in folders named "base" are checked through the recipes that inherit
/// them. Throws RecipeError for a folder without recipes.
std::vector<std::filesystem::path> recipes_in(const std::filesystem::path& path);

/// Everything about a recipe that can be known without its data: options, networks, views, parameter groups, where weights go. One result
/// for each stage, or for the stage of that name; for a grid one in all. [main thread]
std::vector<CheckedRecipe> check_recipe(const std::filesystem::path& file, const std::string& stage, const RecipeContext& context,
                                        Registry& registry);

/// The same of every cell of a grid: one result, in which each different mistake stands once, with the first cell that has it.
CheckedRecipe check_grid(const std::filesystem::path& file, const std::string& stage, const RecipeContext& context, Registry& registry);

/// The same of one stage of a row that is read.
CheckedRecipe check_stage(const Row& row, const Stage& stage);

/// The errors that `action` throws; those without a place begin with `title`.
std::vector<std::string> errors_of(const std::string& title, const std::function<void()>& action);

/// Prints errors and warnings to standard error, and "FILE: ok", with what data is not there, or, with `resolved`, the recipe to standard
/// output.
void print_checked(const std::vector<CheckedRecipe>& stages, bool resolved);

nlohmann::json checked_json(const std::vector<CheckedRecipe>& recipes);

}  // namespace lafs
