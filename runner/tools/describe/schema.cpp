#include "runner/tools/describe/schema.h"

#include <cmath>
#include <string>
#include <type_traits>
#include <variant>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "kernel/recipe/reader.h"
#include "kernel/recipe/recipe.h"
#include "kernel/recipe/row.h"

namespace lafs {

namespace {

using nlohmann::json;

json reference(const std::string& definition) { return {{"$ref", "#/definitions/" + definition}}; }
json list_of(json item) { return {{"type", "array"}, {"items", std::move(item)}}; }

/// The options that are declared, as the properties of a table.
class Properties final : public Params {
 public:
  json all = json::object();

 private:
  void visit(const Option& option) override {
    json property = std::visit([&](auto* slot) { return of(*slot, option.rule); }, option.slot);
    std::string text(option.doc);
    if (option.quirk) text += fmt::format(" (quirk {}: corrected is {})", option.quirk->id, option.quirk->corrected);
    // Beside a reference every other key is ignored.
    if (property.contains("$ref")) property = {{"allOf", json::array({property})}};
    property["description"] = text;
    all[std::string(option.key)] = std::move(property);
  }
  bool keeps_values() const override { return true; }

  static json number(const char* type, const Rule& rule) {
    json out{{"type", type}};
    if (std::isfinite(rule.low)) out["minimum"] = rule.low;
    if (std::isfinite(rule.high)) out["maximum"] = rule.high;
    return out;
  }
  static json text(const Rule& rule) {
    json out{{"type", "string"}};
    if (!rule.choices.empty()) out["enum"] = rule.choices;
    return out;
  }
  static json curve(const Rule& rule) {
    const json value = number("number", rule);
    const json table{{"type", "object"},
                     {"properties",
                      {{"shape", {{"enum", schedule_shapes()}}},
                       {"from", value},
                       {"to", value},
                       {"warmup_epochs", {{"type", "number"}, {"minimum", 0}}},
                       {"warmup_from", {{"type", "number"}}}}},
                     {"additionalProperties", false}};
    return {{"anyOf", json::array({value, table})}};
  }

  template <typename T>
  static json of(T& value, const Rule& rule) {
    if constexpr (std::is_same_v<T, bool>) return {{"type", "boolean"}, {"default", value}};
    if constexpr (std::is_same_v<T, int64_t>) return with_default(number("integer", rule), value, rule);
    if constexpr (std::is_same_v<T, double>) return with_default(number("number", rule), value, rule);
    if constexpr (std::is_same_v<T, std::string>) return with_default(text(rule), value, rule);
    if constexpr (std::is_same_v<T, Path>) return {{"type", "string"}};
    if constexpr (std::is_same_v<T, Schedule>) return curve(rule);
    if constexpr (std::is_same_v<T, std::vector<bool>>) return list_of({{"type", "boolean"}});
    if constexpr (std::is_same_v<T, std::vector<int64_t>>) return list_of(number("integer", rule));
    if constexpr (std::is_same_v<T, std::vector<double>>) return list_of(number("number", rule));
    if constexpr (std::is_same_v<T, std::vector<std::string>>) return list_of(text(rule));
    if constexpr (std::is_same_v<T, std::vector<Path>>) return list_of({{"type", "string"}});
    if constexpr (std::is_same_v<T, AnyUse>) return reference(std::string(value.kind()));
    if constexpr (std::is_same_v<T, AnyUseList>) return list_of(reference(std::string(value.kind())));
    if constexpr (std::is_same_v<T, Table> || std::is_same_v<T, TableList>) {
      Properties inner;
      if constexpr (std::is_same_v<T, Table>) value.declare(inner);
      if constexpr (std::is_same_v<T, TableList>) value.declare_blank(inner);
      json table{{"type", "object"}, {"properties", inner.all}, {"additionalProperties", false}};
      if constexpr (std::is_same_v<T, TableList>) return list_of(std::move(table));
      return table;
    }
  }
  template <typename T>
  static json with_default(json property, const T& value, const Rule& rule) {
    if (!rule.required) property["default"] = value;
    return property;
  }
};

template <typename T>
json table_of() {
  T options;
  Properties properties;
  options.declare(properties);
  return {{"type", "object"}, {"properties", properties.all}, {"additionalProperties", false}};
}

/// The keys of a kind's table that are the runner's.
json own_keys(const std::string& kind) {
  if (kind == "optimizer") return table_of<OptimizerOptions>()["properties"];
  if (kind != "evaluator") return json::object();
  json keys = table_of<EvaluatorEntry>()["properties"];
  keys.erase("use");
  return keys;
}

/// A component's table. Where it says which plugin it uses, that plugin's options are all it takes; where a base says it, the options of
/// any plugin of the kind do.
json component(const std::string& kind, const Registry& registry) {
  const json own = own_keys(kind);
  json any = own, names = json::array(), cases = json::array();
  std::string text = "the plugin";
  for (const std::string& name : registry.names(kind)) {
    const Registration& plugin = registry.find(kind, name)->registration;
    Properties options;
    plugin.defaults->copy()->declare(options);
    names.push_back(name);
    text += fmt::format("\n- \"{}\": {}", name, plugin.doc);
    json keys = json::array({"use"});
    for (const json* some : {&own, static_cast<const json*>(&options.all)}) {
      for (const auto& [key, property] : some->items()) keys.push_back(key);
    }
    for (const auto& [key, property] : options.all.items()) any.emplace(key, json{{"description", property["description"]}});
    cases.push_back({{"if", {{"properties", {{"use", {{"const", name}}}}}, {"required", {"use"}}}},
                     {"then", {{"properties", options.all}, {"propertyNames", {{"enum", keys}}}}}});
  }
  any["use"] = {{"enum", names}, {"description", text}};
  return {{"type", "object"}, {"properties", any}, {"additionalProperties", false}, {"allOf", cases}};
}

}  // namespace

json recipe_schema(const Registry& registry) {
  json definitions = json::object(), run_recipe = json::object();
  const json words{{"type", "string"}};
  run_recipe["base"] = {{"anyOf", json::array({words, list_of(words)})}, {"description", "recipe or recipes that this one is based on"}};
  run_recipe["title"] = {{"type", "string"}, {"description", "a line for reports"}};
  run_recipe["run"] = table_of<RunOptions>();
  run_recipe["input"] = table_of<InputContract>();
  run_recipe["paths"] = {{"type", "object"}, {"additionalProperties", words}, {"description", "roots: a path \"@name/...\" starts at one"}};
  run_recipe["init"] = list_of(table_of<InitEntry>());
  for (const std::string& kind : Registry::kinds()) {
    definitions[kind] = component(kind, registry);
    run_recipe[kind] = kind == "evaluator" ? list_of(reference(kind)) : reference(kind);
  }
  json stage = run_recipe;
  stage["name"] = {{"type", "string"}, {"description", "by which later stages, --set and --stage call it"}};
  definitions["stage"] = {{"type", "object"}, {"properties", stage}, {"additionalProperties", false}};
  json recipe = run_recipe;
  recipe["row"] = {{"type", "object"},
                   {"properties", {{"title", words}, {"published", list_of(table_of<PublishedValue>())}}},
                   {"additionalProperties", false}};
  recipe["stage"] = list_of(reference("stage"));
  return {{"$schema", "http://json-schema.org/draft-07/schema#"},
          {"title", "a recipe of lafs"},
          {"type", "object"},
          {"properties", recipe},
          {"additionalProperties", false},
          {"definitions", definitions}};
}

}  // namespace lafs
