#pragma once
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace lafs {

/// What was trained on what and how it is scored, a sentence of HTML, from a resolved recipe. Empty for a text that is none.
std::string question_html(const std::string& recipe);

/// A value of a resolved recipe by its dotted key, as a text; empty where there is none.
std::string recipe_value(const std::string& recipe, const std::string& key);

/// The resolved recipe with the settings that its author wrote standing out, the defaults dimmed. `written` are the keys that were written;
/// without any all settings look alike.
std::string recipe_html(const std::string& recipe, const std::vector<std::string>& written);

/// The keys that the recipe's author wrote, from the oldest session of a manifest that says so: a run that is continued from its own
/// recipe.toml reads one in which everything is written.
std::vector<std::string> written_keys_in(const nlohmann::json& manifest);

}  // namespace lafs
