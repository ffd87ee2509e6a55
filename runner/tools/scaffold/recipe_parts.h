#pragma once
#include <map>
#include <string>
#include <string_view>

namespace lafs {

/// What stands for a "<mark>" of a part.
using PartValues = std::map<std::string, std::string>;

/// A piece of a recipe out of recipes/NAME.toml, its marks replaced.
std::string recipe_part(const std::string& name, const PartValues& values);

/// The same tables as those of a stage: "[run]" becomes "[stage.run]".
std::string in_stage(const std::string& part);

/// Comments behind settings brought below each other, and no two empty lines.
std::string tidy(const std::string& recipe);

}  // namespace lafs
