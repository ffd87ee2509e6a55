#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "kernel/recipe/row.h"
#include "runner/tools/release/recognise.h"

namespace lafs {

/// One published number, with how it was measured.
struct RowValue {
  PublishedValue published;
  std::string set;      ///< "IJB-C"
  InputContract input;  ///< what its network is fed
};

/// A row of the published tables: which network belongs to it, and what was published.
struct ReleaseRow {
  std::string stem;   ///< of the recipe's file: "row_a"
  std::string title;  ///< "A: Part-fViT, WebFace4M"
  NetworkKind kind = NetworkKind::other;
  NetworkShape shape;
  int64_t classes = 0;      ///< identities of the training set: rows of the class matrix
  bool any_colour = false;  ///< the recipe says that the order of colours is unknown: it is compared in both
  std::vector<RowValue> values;
};

/// The row recipes of a folder that have published values, in the order of their names. The network is that of the last stage; the
/// evaluator that a value names says how pixels are scaled, and the part of its name before a comma the set. Throws Error for a folder
/// without one, and RecipeError for a recipe with mistakes. [main thread]
std::vector<ReleaseRow> read_release_rows(const std::filesystem::path& folder, Registry& registry);

/// Where the row recipes are that come with the program: share/lafs/recipes/paper beside its folder, or recipes/paper above the build
/// folder. Throws Error where they are not.
std::filesystem::path own_rows(const std::filesystem::path& program);

}  // namespace lafs
