#include "kernel/recipe/overlay.h"

#include <algorithm>
#include <charconv>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "kernel/recipe/tables.h"

namespace lafs {

namespace {

std::string joined(const std::string& path, std::string_view key) {
  return path.empty() ? std::string(key) : fmt::format("{}.{}", path, key);
}

/// Keys of a component's table that are not the plugin's: a change of plugin keeps them.
std::vector<std::string> kept_keys(const std::string& path) {
  const std::string name = path.substr(0, path.find('.'));
  for (const RecipeTable& table : recipe_tables()) {
    if (table.form == RecipeTable::Form::component && table.name == name && table.list == (path != name)) return own_keys(table);
  }
  return {};
}

bool names_another_plugin(const Node& under, const Node& over) {
  const Node *before = under.find("use"), *after = over.find("use");
  return before && after && !same_value(*before, *after);
}

/// `over` is a table whose keys are numbers: single items of a list are changed, or one is appended.
void overlay_items(Node& under, const Node& over, const std::string& path, Diagnostics& diagnostics) {
  for (const auto& [key, value] : *over.fields()) {
    Node::List& items = *under.list();
    const size_t index = *index_of(key);
    if (index > items.size()) {
      diagnostics.error(value.position, fmt::format("\"{}\" has no item {}; it has {}, counted from 0", path, index, items.size()));
    } else if (index == items.size()) {
      items.push_back(value);
    } else {
      overlay(items[index], value, joined(path, key), diagnostics);
    }
  }
}

/// A preset stands for a mean and a deviation: one that an upper layer chooses takes the place of numbers from below.
void let_preset_decide(Node& under, const Node& over, const std::string& path) {
  const Node* preset = path == "input" ? over.find("preset") : nullptr;
  if (!preset || !preset->string() || *preset->string() == "custom") return;
  for (const char* number : {"mean", "std"}) under.erase(number);
}

/// Removes what is said of options whose plugin an upper layer replaces, and of items of a list that it replaces.
void forget_settings(Node& settings, const Node& under, const Node& over, const std::string& path) {
  const auto forget = [&](const std::vector<std::string>& kept) {
    std::erase_if(*settings.fields(), [&](const Field& field) {
      if (!field.name.starts_with(path + ".")) return false;
      const std::string rest = field.name.substr(path.size() + 1), key = rest.substr(0, rest.find('.'));
      return key != "use" && std::find(kept.begin(), kept.end(), key) == kept.end();
    });
  };
  if (under.list() && over.list()) forget({});
  if (!over.fields()) return;
  if (under.fields() && names_another_plugin(under, over)) forget(kept_keys(path));
  for (const auto& [key, value] : *over.fields()) {
    const auto index = index_of(key);
    const Node* below = under.list() && index && *index < under.list()->size() ? &(*under.list())[*index] : under.find(key);
    if (below) forget_settings(settings, *below, value, joined(path, key));
  }
}

/// The same of every table that speaks of settings.
void forget_replaced(Node& under, const Node& over) {
  for (const RecipeTable& table : recipe_tables()) {
    Node* settings = table.has_dotted_keys() ? under.find(table.name) : nullptr;
    if (settings && settings->fields()) forget_settings(*settings, Node(under), over, "");
  }
}

}  // namespace

std::optional<size_t> index_of(const std::string& key) {
  size_t index = 0;
  const auto [end, code] = std::from_chars(key.data(), key.data() + key.size(), index);
  if (code != std::errc() || end != key.data() + key.size()) return std::nullopt;
  return index;
}

void overlay(Node& under, const Node& over, const std::string& path, Diagnostics& diagnostics) {
  if (path.empty()) forget_replaced(under, over);
  if (!over.fields()) {
    under = over;
    return;
  }
  const bool counts =
      !over.fields()->empty() && std::all_of(over.fields()->begin(), over.fields()->end(), [](const Field& f) { return index_of(f.name); });
  if (counts && under.list()) return overlay_items(under, over, path, diagnostics);
  if (under.string()) {  // a component named by a bare string gets options
    Node table;
    table.put("use", under);
    under = std::move(table);
  }
  if (!under.fields()) {
    under = over;
    return;
  }
  const bool replaced = names_another_plugin(under, over);
  if (replaced) {
    const auto kept = kept_keys(path);
    std::erase_if(*under.fields(), [&](const Field& field) { return std::find(kept.begin(), kept.end(), field.name) == kept.end(); });
  }
  // A table stays where the file has it when the command line only changes a key of it.
  if (over.position.line > 0 || replaced) {
    under.position = over.position;
    under.key = over.key;
  }
  under.brief = over.brief;
  let_preset_decide(under, over, path);
  for (const auto& [key, value] : *over.fields()) {
    if (Node* field = under.find(key)) {
      overlay(*field, value, joined(path, key), diagnostics);
    } else {
      under.put(key, value);
    }
  }
}

void join(Node& one, const Node& other, const std::string& path, const Position& where, Diagnostics& diagnostics) {
  if (same_value(one, other)) return;
  if (!one.fields() || !other.fields() || names_another_plugin(one, other)) {
    const bool plugins = one.fields() && other.fields();
    const Position &first = plugins ? one.find("use")->position : one.position,
                   &second = plugins ? other.find("use")->position : other.position;
    diagnostics.error(where, fmt::format("two bases set \"{}\" differently: {} and {}; set it here, or remove one",
                                         plugins ? joined(path, "use") : path, first.text(), second.text()));
    return;
  }
  for (const auto& [key, value] : *other.fields()) {
    if (Node* field = one.find(key)) {
      join(*field, value, joined(path, key), where, diagnostics);
    } else {
      one.put(key, value);
    }
  }
}

}  // namespace lafs
