#pragma once
#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "kernel/recipe/recipe.h"
#include "kernel/registry/registry.h"

namespace lafs {

/// A command as completion sees it.
struct CommandNames {
  std::string name;
  std::vector<std::string> options;    ///< "--json"
  std::vector<CommandNames> commands;  ///< below it
};

/// A command line that is being typed.
struct TypedLine {
  std::vector<std::string> words;  ///< the program first; bash takes KEY=VALUE apart at the "="
  size_t at = 0;                   ///< position of the word to complete
};

/// What the word may become: commands, options, plugins, stages and keys of the recipe on the line, values of a key. Nothing where a file
/// comes next, which shells complete themselves. `load` is called when plugins must be known.
std::vector<std::string> completions(const CommandNames& program, const TypedLine& line, const RecipeContext& context,
                                     const std::function<Registry()>& load);

/// The script for "bash" or "zsh", which asks `lafs complete`.
const char* completion_script(const std::string& shell);

}  // namespace lafs
