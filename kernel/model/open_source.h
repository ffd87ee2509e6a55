#pragma once
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "kernel/recipe/recipe.h"
#include "lafs/data_source.h"

namespace lafs {

/// A data source with what must outlive it.
struct OpenSource {
  Recipe recipe;
  std::vector<std::string> notes;  ///< for people: what the source said while it was opened
  std::shared_ptr<DataSource> source;
  std::vector<std::filesystem::path> folders;  ///< where its pictures are, as source_folders says
};

/// Names a data source: a path or TOML, one of them.
struct SourceRequest {
  std::filesystem::path path;        ///< folder of identities, IJB folder, list of pictures, record set, or recipe
  std::filesystem::path root;        ///< of a list's pictures; empty: the list's folder
  std::string toml;                  ///< "{ use = ... }", as `--source` takes it
  std::string toml_of = "--source";  ///< what was given for `toml`, for errors

  bool given() const { return !path.empty() || !toml.empty(); }
};

/// Throws Error or RecipeError for a source that cannot be opened, and unless exactly one is named. [main thread]
OpenSource open_source(const SourceRequest& request, const RecipeContext& context, Registry& registry);

/// The table of a data source that a path stands for, as TOML on one line. Throws Error for a path that is not a source.
std::string source_table(const std::filesystem::path& path);

/// Opens the source of a `[data_source]` table. [main thread]
OpenSource open_source(const Use<DataSource>& use);

/// Throws RecipeError for each override that does not choose pictures: of a recipe only [data_source] is used.
void check_source_keys(const RecipeContext& context);

}  // namespace lafs
