#include "runner/tools/completion/completion.h"

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <optional>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "kernel/recipe/document.h"
#include "kernel/recipe/row.h"
#include "runner/tools/describe/schema.h"
#include "runner/tools/scaffold/recipe_scaffold.h"

namespace lafs {

namespace {

namespace fs = std::filesystem;
using Words = std::vector<std::string>;

/// Every key of a table as --set takes it: "run.epochs", "evaluator.0.genuine".
void flatten(const Node& node, const std::string& path, Words& out) {
  if (const auto* fields = node.fields()) {
    for (const Field& field : *fields) flatten(field.value, path.empty() ? field.name : path + "." + field.name, out);
  } else if (const auto* items = node.list(); items && !items->empty() && items->front().fields()) {
    for (size_t i = 0; i < items->size(); ++i) flatten((*items)[i], fmt::format("{}.{}", path, i), out);
  } else {
    out.push_back(path);
  }
}

/// Answers for one line.
class Completion {
 public:
  Completion(const CommandNames& program, const TypedLine& line, const RecipeContext& context, const std::function<Registry()>& load)
      : program_(program), words_(line.words), at_(std::min(line.at, line.words.size())), context_(context), load_(load) {
    words_.resize(std::max(words_.size(), at_ + 1));
  }

  Words candidates() {
    const std::string& word = words_[at_];
    // bash takes KEY=VALUE apart at the "=".
    if (word == "=" && before(2) == "--set") return values_of(before(1));
    if (before(1) == "=" && before(3) == "--set") return starting_with(word, values_of(before(2)));
    if (before(1) == "--set") {
      const size_t equals = word.find('=');
      if (equals == std::string::npos) return starting_with(word, keys("="));
      Words out;
      for (const std::string& value : starting_with(word.substr(equals + 1), values_of(word.substr(0, equals)))) {
        out.push_back(word.substr(0, equals + 1) + value);
      }
      return out;
    }
    if (before(1) == "--stage") return starting_with(word, stages());
    if (word.starts_with("-")) return starting_with(word, command().options);
    if (at_ > 1 && words_[1] == "describe") return starting_with(word, plugins());
    if (at_ > 2 && words_[1] == "new") return starting_with(word, words_of_new());
    return starting_with(word, commands());  // none where a file comes next: the shell knows those
  }

 private:
  std::string before(size_t back) const { return at_ >= back ? words_[at_ - back] : ""; }

  static Words starting_with(const std::string& start, const Words& all) {
    Words some;
    std::copy_if(all.begin(), all.end(), std::back_inserter(some), [&](const std::string& word) { return word.starts_with(start); });
    return some;
  }

  /// The command that the words before name.
  const CommandNames& command() const {
    const CommandNames* here = &program_;
    for (size_t i = 1; i < at_; ++i) {
      const auto named = std::find_if(here->commands.begin(), here->commands.end(), [&](const auto& one) { return one.name == words_[i]; });
      if (named != here->commands.end()) here = &*named;
    }
    return *here;
  }

  Words commands() const {
    Words names;
    for (const CommandNames& one : command().commands) names.push_back(one.name);
    return names;
  }

  /// What may follow `lafs new plugin` and `lafs new recipe`.
  Words words_of_new() const {
    if (words_[2] == "plugin") return at_ == 3 ? Registry::kinds() : Words{};
    if (before(1) == "--objective") return recipe_objectives();
    if (before(1) == "--backbone") return recipe_backbones();
    return at_ == 3 ? recipe_kinds() : Words{};
  }

  Registry& registry() {
    if (!registry_) registry_ = load_();
    return *registry_;
  }

  /// The row or run recipe on the line, if there is one that can be read.
  std::optional<Row> row() {
    for (const std::string& word : words_) {
      if (!word.ends_with(".toml") || !fs::exists(word)) continue;
      try {
        return open_row(word, context_, registry());
      } catch (const Error&) {
        return std::nullopt;
      }
    }
    return std::nullopt;
  }

  Words stages() {
    const auto read = row();
    return read && !read->alone() ? read->names() : Words{};
  }

  Words keys(const std::string& end) {
    Words all;
    if (const auto read = row()) {
      for (const Stage& stage : read->stages) {
        flatten(parse_toml(stage.recipe.resolved, "resolved", {}), read->alone() ? "" : stage.name, all);
      }
    }
    for (std::string& key : all) key += end;
    return all;
  }

  Words plugins() {
    Words names = Registry::kinds();
    for (const RegistryEntry* entry : registry().all()) names.push_back(entry->registration.name);
    return names;
  }

  /// A key taken apart at its dots, without the name of a stage.
  static Words path_of(const std::string& key, const nlohmann::json& schema) {
    Words path;
    for (size_t from = 0; from <= key.size();) {
      const size_t dot = std::min(key.find('.', from), key.size());
      path.push_back(key.substr(from, dot - from));
      from = dot + 1;
    }
    if (!path.empty() && !schema["properties"].contains(path.front())) path.erase(path.begin());
    return path;
  }

  /// The values of a key that can be listed: choices, plugins, true and false.
  Words values_of(const std::string& key) {
    const nlohmann::json schema = recipe_schema(registry());
    const Words path = path_of(key, schema);
    if (path.size() < 2) return {};
    const std::string &table = path.front(), &name = path.back();
    const bool indexed = path.size() == 3 && path[1].find_first_not_of("0123456789") == std::string::npos;
    if (path.size() > 2 && !indexed) return {};  // of a component inside a component, which may be of another kind
    if (table == "run" || table == "input") return listed(schema["properties"][table]["properties"], name);
    if (!schema["definitions"].contains(table)) return {};
    const nlohmann::json& component = schema["definitions"][table];
    Words found = listed(component["properties"], name);
    for (const nlohmann::json& one : component["allOf"]) {
      if (!found.empty()) break;
      found = listed(one["then"]["properties"], name);
    }
    return found;
  }

  static Words listed(const nlohmann::json& properties, const std::string& name) {
    if (!properties.contains(name)) return {};
    const nlohmann::json& property = properties[name];
    if (property.contains("enum")) return property["enum"].get<Words>();
    if (property.value("type", "") == "boolean") return {"true", "false"};
    return {};
  }

  const CommandNames& program_;
  Words words_;
  size_t at_;
  const RecipeContext& context_;
  const std::function<Registry()>& load_;
  std::optional<Registry> registry_;
};

}  // namespace

Words completions(const CommandNames& program, const TypedLine& line, const RecipeContext& context, const std::function<Registry()>& load) {
  return Completion(program, line, context, load).candidates();
}

}  // namespace lafs
