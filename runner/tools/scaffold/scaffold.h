#pragma once
#include <filesystem>
#include <string>
#include <vector>

namespace lafs {

/// Small letters, digits and underscores, a letter first.
bool is_plugin_name(const std::string& name);

/// A folder with a plugin of this kind that builds, keeps every promise of its kind and trains: NAME.cpp, CMakeLists.txt, recipe.toml.
/// Returns the files written. Throws Error for a folder that is not empty; nothing is written then.
std::vector<std::filesystem::path> write_scaffold(const std::string& kind, const std::string& name, const std::filesystem::path& folder);

}  // namespace lafs
