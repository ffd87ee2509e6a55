#pragma once
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "lafs/data_source.h"
#include "runner/commands/command.h"

namespace lafs {

/// A data source with what it needs to be open.
struct OpenSource {
  Recipe recipe;
  std::vector<std::string> notes;  ///< for people: what the source said while it was opened
  std::shared_ptr<DataSource> source;
};

/// A data source on a command line: a path, or `--source TOML`.
struct SourceArguments {
  std::filesystem::path path;  ///< folder of identities, list of pictures, record set, or recipe
  std::filesystem::path root;  ///< of a list's pictures
  std::string toml;
  RecipeArguments common;

  /// `--source`, `--root`, `--set` and the positional SOURCE.
  void add_to(CLI::App& command);
  bool given() const { return !path.empty() || !toml.empty(); }
  /// Throws Error or RecipeError for a source that cannot be had, or for none given.
  OpenSource open(Registry& registry) const;
};

/// Throws RecipeError for each override that chooses no pictures: of a recipe only [data_source] is used.
void check_source_keys(const RecipeContext& context);

/// Opens the source of a `[data_source]` table.
OpenSource open_source(const Use<DataSource>& use);

}  // namespace lafs
