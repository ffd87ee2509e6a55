#pragma once
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/recipe/recipe.h"
#include "runner/tools/release/find_files.h"

namespace lafs {

/// A test set that was found.
struct ReleaseSet {
  std::string name;  ///< "IJB-C", "LFW"; a second one has its path behind
  std::filesystem::path path;
  std::string table;   ///< its evaluator with its data, as tables of a recipe
  std::string metric;  ///< what tables show of it: "tar@nearest_far=0.0001", "accuracy"
  std::string text;    ///< "IJB-C, 23,124 templates"
  std::string fault;   ///< why it cannot be measured on; empty: it can
};

/// The test sets among the files. Each is opened once: a list that is missing or a damaged file is its fault, and no reason to stop.
/// [main thread]
std::vector<ReleaseSet> release_sets(const FoundFiles& found, const std::filesystem::path& folder, const RecipeContext& context,
                                     Registry& registry);

/// A recipe that measures on the set under a contract; only what it evaluates is in it. Throws Error or RecipeError.
Recipe measuring_recipe(const ReleaseSet& set, const InputContract& input, const RecipeContext& context, Registry& registry);

/// A set of the published tables.
struct PublishedSet {
  std::string_view name;
  int64_t genuine;         ///< genuine comparisons of the whole set; 0: they are not recorded
  std::string_view where;  ///< where to get it
};
const std::vector<PublishedSet>& published_sets();

}  // namespace lafs
