#pragma once
#include <filesystem>
#include <string>

#include "kernel/registry/registry.h"
#include "runner/tools/scaffold/recipe_scaffold.h"

namespace lafs {

/// The texts of a recipe that is asked for.
struct RecipeTexts {
  std::string recipe;              ///< of the file that was named
  std::string run;                 ///< of the run that a grid varies; else empty
  std::vector<std::string> notes;  ///< what to know about the pictures, a sentence each
};

/// The run recipe that a grid varies, beside it: "study_run.toml".
std::filesystem::path run_file_of(const std::filesystem::path& grid);

/// `request` names a kind, an objective and a backbone that go together. Looks at its pictures, and throws Error where they cannot be
/// divided. [main thread]
RecipeTexts recipe_texts(const NewRecipe& request, Registry& registry);

}  // namespace lafs
