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
/// Below which prefix checkpoints of an objective of these have the network that is measured and handed on.
const std::string& encoder_of(const std::string& objective);

struct WrittenRecipe {
  std::vector<std::filesystem::path> files;  ///< the one that was asked for first
  std::vector<std::string> notes;            ///< what to know about the pictures, such as few people to verify, a sentence each
};

/// A recipe that checks, and runs as it is, with a comment on every setting; a grid with the run that it varies in a file beside it. Throws
/// RecipeError for a request that cannot be met, and Error for a file that exists and for pictures that cannot be divided into people to
/// train on and people to verify; nothing is written then. [main thread]
WrittenRecipe write_recipe(const NewRecipe& request, Registry& registry);

/// The commands to go on with.
std::string recipe_advice(const NewRecipe& request);

}  // namespace lafs
