#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "kernel/registry/registry.h"

namespace lafs {

/// What `lafs new recipe` is asked for.
struct NewRecipe {
  std::string kind;                 ///< of recipe_kinds()
  std::filesystem::path file;       ///< to write
  std::filesystem::path data;       ///< a folder of pictures for each person, or a record set; empty: drawn faces
  std::string objective, backbone;  ///< empty: the first that suits
};

/// "run", "row", "grid".
const std::vector<std::string>& recipe_kinds();
/// What can be trained, and with which networks: the first of each is the one that is taken unless another is asked for.
const std::vector<std::string>& recipe_objectives();
const std::vector<std::string>& recipe_backbones();

/// A recipe that checks, and runs as it is, with a comment on every setting; a grid with the run that it varies in a file beside it.
/// Returns the files written, the one that was asked for first. Throws RecipeError for a request that cannot be met, and Error for a
/// file that exists and for pictures that cannot be divided into people to train on and people to verify; nothing is written then.
/// [main thread]
std::vector<std::filesystem::path> write_recipe(const NewRecipe& request, Registry& registry);

/// The commands to go on with.
std::string recipe_advice(const NewRecipe& request);

}  // namespace lafs
