#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "kernel/registry/registry.h"

namespace lafs {

/// Lower-case letters, digits and underscores, a letter first.
bool is_plugin_name(const std::string& name);

/// What `lafs new plugin` is asked for.
struct NewPlugin {
  std::string kind, name;
  std::string base;  ///< of objective_bases(): what an objective derives from; empty: from Objective alone
};

/// "two_views": a method that compares two views of a picture, and is its equation only.
const std::vector<std::string>& objective_bases();

/// Throws RecipeError for a kind that does not exist, a wrong name, or a base for another kind than objective; Error for a name that
/// another plugin has.
void check_new_plugin(const NewPlugin& plugin, const Registry& registry);

/// The commands that build, test and run a new plugin. `prefix` is where lafs is installed, or its build folder.
std::string scaffold_advice(const std::filesystem::path& folder, const std::filesystem::path& prefix);

/// A folder with a plugin of this kind that builds, keeps every promise of its kind and trains: NAME.cpp, CMakeLists.txt, recipe.toml.
/// Returns the files written. Throws Error for a folder that is not empty; nothing is written then.
std::vector<std::filesystem::path> write_scaffold(const NewPlugin& plugin, const std::filesystem::path& folder);

}  // namespace lafs
