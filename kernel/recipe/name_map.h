#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "lafs/params.h"

namespace lafs {

/// One replacement at the start of a name; an empty `from` stands for every name.
struct Rename {
  std::string from, to;

  void declare(Params& p);
};

/// What to do with the tensors under one key of a file.
struct NameRule {
  std::vector<std::string> select{""};  ///< keys of the file, the first that is there, "" the file itself; an export writes the last
  std::vector<std::string> strip;       ///< prefixes removed, repeatedly, until none is left (models.md 13.9)
  std::vector<std::string> only, drop;  ///< globs on the stripped names
  std::vector<Rename> rename;           ///< the first that matches
  std::string restore;                  ///< prefix that an export adds
  bool optional = false;                ///< whether a file may lack the key

  void declare(Params& p);
};

/// How names in another program's files become ours: data, installed beside the plugins that it serves.
struct NameMap {
  std::string name;  ///< of its file, without ".toml"
  std::string doc;
  std::string target = "backbone";  ///< whose names it gives: "backbone", "objective"
  std::vector<NameRule> rules;

  void declare(Params& p);
};

/// Reads a map. Throws RecipeError with every mistake, or Error when the file cannot be read.
NameMap read_name_map(const std::filesystem::path& file);

/// What a map makes of the names of a file.
struct MappedNames {
  std::vector<std::pair<size_t, std::string>> taken;  ///< place among the given names, and our name
  std::vector<std::string> dropped;                   ///< given names that a rule drops
};
/// Names that no rule selects are left out. Throws Error, naming `file`, where a key is missing, two names become one, or none is taken.
MappedNames map_names(const NameMap& map, const std::vector<std::string>& names, const std::string& file);

/// The reverse, for an export: the key in the file and the name under it; nothing for a name that the map does not produce.
std::optional<std::pair<std::string, std::string>> original_name(const NameMap& map, const std::string& name);

/// Whether a glob pattern ("stn.*") matches a name.
bool matches_glob(const std::string& pattern, const std::string& name);
bool matches_any(const std::vector<std::string>& patterns, const std::string& name);

}  // namespace lafs
