#pragma once
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "kernel/recipe/diagnostics.h"

namespace lafs {

struct Field;

/// A value of a recipe and where it was written. Unlike a node of toml++, it can be copied without losing its position.
struct Node {
  struct Time {};  ///< dates and times; no option takes one
  using List = std::vector<Node>;
  using Fields = std::vector<Field>;  ///< in the order of writing or declaring
  std::variant<bool, int64_t, double, std::string, Time, List, Fields> value = Fields();

  Position position;             ///< of the value
  Position key;                  ///< of the key it was written under
  std::filesystem::path folder;  ///< what its paths are relative to
  bool brief = false;            ///< printed as an inline table
  bool affects_nothing = false;  ///< left out of identities
  int64_t revision = 0;          ///< of the plugin, in the table of a component

  const Fields* fields() const { return std::get_if<Fields>(&value); }
  Fields* fields() { return std::get_if<Fields>(&value); }
  const List* list() const { return std::get_if<List>(&value); }
  List* list() { return std::get_if<List>(&value); }
  const std::string* string() const { return std::get_if<std::string>(&value); }

  const Node* find(std::string_view name) const;  ///< null if absent, or if this is not a table
  Node* find(std::string_view name);
  Node& put(std::string_view name, Node node);  ///< replaces a field of this name
  void erase(std::string_view name);
};

struct Field {
  std::string name;
  Node value;
};

/// The roots of `[paths]`, absolute, by name. "data" may stay relative to a root that is not known yet: "@data/...".
using Roots = std::map<std::string, std::string>;

/// What a command line adds to a file.
struct RecipeContext {
  /// `--set KEY=VALUE`, in order; a value is TOML, or else a bare string.
  std::vector<std::pair<std::string, std::string>> overrides;
  std::string data_root;                     ///< LAFS_DATA: the default of `[paths] data`
  std::map<std::string, Position> places{};  ///< of overrides that are written in a file, by key
  std::string rehearsal;                     ///< of `lafs run --rehearse`: folder that takes the place of every root; empty otherwise

  /// Where an override is written, as mistakes name it.
  Position place_of(const std::string& key) const {
    const auto place = places.find(key);
    return place == places.end() ? Position{"--set " + key} : place->second;
  }
};

/// A recipe as it is written: a file with its bases below it and the overrides on top. Nothing in it is checked yet.
struct Document {
  std::filesystem::path file;  ///< where it comes from, or the name that a text was given
  Node tree;
  Roots roots;
  Diagnostics mistakes;  ///< found so far; they are thrown with those of reading
};

/// Equal values, wherever they were written.
bool same_value(const Node& a, const Node& b);

/// "a string", "a table": what a value is.
std::string type_word(const Node& node);

/// The document of a file's text, positions named `file`. Throws RecipeError at the first mistake of syntax.
Node parse_toml(std::string_view text, const std::string& file, const std::filesystem::path& folder);

/// What a command line gives as a value: TOML, or else the bare string. Positions are `where`, such as "--set KEY"; relative paths are
/// those of the folder that `where` lies in, or of the working directory where it has no line. Throws RecipeError for a table or list that
/// is not valid TOML.
Node parse_value(const Position& where, const std::string& value);

/// Dotted keys that start with `prefix` and their values, however deep the tables are in which they are written.
void flatten(const Node& table, const std::string& prefix, std::vector<Field>& out);

/// `node` as TOML on one line. Real numbers are the shortest that read back to the same bits.
std::string inline_text(const Node& node);

/// A table as a document: its values, then its tables under headers that start with `prefix`.
std::string document_text(const Node& table, const std::string& prefix = "");

/// A line for every value that can change a number, sorted: what an identity hashes.
std::string identity_text(const Node& table);

/// The identity that a text stands for: 32 hex digits of its hash.
std::string identity_of(const std::string& text);

}  // namespace lafs
