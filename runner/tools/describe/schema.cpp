#include "runner/tools/describe/schema.h"

#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "kernel/recipe/option_types.h"
#include "kernel/recipe/row_document.h"
#include "kernel/recipe/status.h"
#include "kernel/recipe/tables.h"

namespace lafs {

namespace {

using nlohmann::json;

json reference(const std::string& definition) { return {{"$ref", "#/definitions/" + definition}}; }
json list_of(json item) { return {{"type", "array"}, {"items", std::move(item)}}; }

/// A table that takes these keys alone.
json table_of(json properties) { return {{"type", "object"}, {"properties", std::move(properties)}, {"additionalProperties", false}}; }

template <typename T>
json value_of(const Rule& rule) {
  json out{{"type", std::string(type_name<T>.json)}};
  if (std::isfinite(rule.low)) out["minimum"] = rule.low;
  if (std::isfinite(rule.high)) out["maximum"] = rule.high;
  if (!rule.choices.empty()) out["enum"] = rule.choices;
  return out;
}

/// The options that are declared, as the properties of a table.
class Properties final : public Params {
 public:
  json all = json::object();

 private:
  void visit(const Option& option) override {
    json property = property_of(option);
    std::string text(option.doc);
    if (option.quirk) text += fmt::format(" (quirk {}: corrected is {})", option.quirk->id, option.quirk->corrected);
    // Beside a reference every other key is ignored.
    if (property.contains("$ref")) property = {{"allOf", json::array({property})}};
    property["description"] = text;
    all[std::string(option.key)] = std::move(property);
  }
  bool keeps_values() const override { return true; }

  static json property_of(const Option& option) {
    const Rule& rule = option.rule;
    return by_type(
        option.slot, [](AnyUse& use) { return reference(std::string(use.kind())); },
        [](AnyUseList& uses) { return list_of(reference(std::string(uses.kind()))); },
        [](Table& options) {
          Properties inner;
          options.declare(inner);
          return table_of(std::move(inner.all));
        },
        [](TableList& items) {
          Properties inner;
          items.declare_blank(inner);
          return list_of(table_of(std::move(inner.all)));
        },
        [&](Schedule& schedule) { return curve(schedule, rule); }, [&](Path&) { return value_of<Path>(rule); },
        [&]<typename T>(std::vector<T>&) { return list_of(value_of<T>(rule)); },
        [&]<typename T>(T& value) {
          json property = value_of<T>(rule);
          if (!rule.required) property["default"] = value;
          return property;
        });
  }

  /// A number, or a table. For its keys, an editor gets only what limits their values.
  static json curve(Schedule schedule, const Rule& rule) {
    Properties keys;
    schedule.declare(keys, rule, "");
    for (json& property : keys.all) {
      for (const char* shown : {"description", "default"}) property.erase(shown);
      if (property.contains("enum")) property.erase("type");
    }
    return {{"anyOf", json::array({value_of<Schedule>(rule), table_of(std::move(keys.all))})}};
  }
};

/// The options of a recipe's table that are not a plugin's.
json own_properties(const RecipeTable& table) {
  Properties properties;
  if (table.declare) table.declare(properties);
  return std::move(properties.all);
}

/// A component's table. Where it says which plugin it uses, that plugin's options are all it takes; where a base says it, the options of
/// any plugin of the kind do.
json component(const RecipeTable& table, const Registry& registry) {
  const std::string& kind = table.name;
  const json own = own_properties(table);
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
  json out = table_of(std::move(any));
  out["allOf"] = std::move(cases);
  return out;
}

/// `[status]`, with dotted keys in quotes or as tables.
json statuses() {
  const json sentence{{"type", "string"}, {"pattern", fmt::format("^({}): ", fmt::join(status_words(), "|"))}};
  return {{"type", "object"}, {"additionalProperties", {{"anyOf", json::array({sentence, reference("status")})}}}};
}

json top_table(const RecipeTable& table) {
  const json words{{"type", "string"}};
  switch (table.form) {
    case RecipeTable::Form::base:
      return {{"anyOf", json::array({words, list_of(words)})}, {"description", table.doc}};
    case RecipeTable::Form::text:
      return {{"type", "string"}, {"description", table.doc}};
    case RecipeTable::Form::roots:
      return {{"type", "object"}, {"additionalProperties", words}, {"description", table.doc}};
    case RecipeTable::Form::values:
      return {{"type", "object"}, {"description", table.doc}};
    case RecipeTable::Form::statuses:
      return {{"allOf", json::array({reference("status")})}, {"description", table.doc}};
    case RecipeTable::Form::options:
      return table.list ? list_of(table_of(own_properties(table))) : table_of(own_properties(table));
    case RecipeTable::Form::component:
      return table.list ? list_of(reference(table.name)) : reference(table.name);
  }
  throw Error("a recipe's table has no form");
}

}  // namespace

json recipe_schema(const Registry& registry) {
  json definitions = json::object(), run_recipe = json::object();
  for (const RecipeTable& table : recipe_tables()) {
    run_recipe[table.name] = top_table(table);
    if (table.form == RecipeTable::Form::component) definitions[table.name] = component(table, registry);
  }
  definitions["status"] = statuses();
  json stage = run_recipe;
  stage["name"] = {{"type", "string"}, {"description", "by which later stages, --set and --stage call it"}};
  definitions["stage"] = table_of(std::move(stage));
  Properties published;
  PublishedValue().declare(published);
  const json words{{"type", "string"}};
  json recipe = run_recipe;
  recipe["row"] = table_of({{"title", words}, {"published", list_of(table_of(std::move(published.all)))}, {"deviations", list_of(words)}});
  recipe["stage"] = list_of(reference("stage"));
  return {{"$schema", "http://json-schema.org/draft-07/schema#"},
          {"title", "a recipe of lafs"},
          {"type", "object"},
          {"properties", recipe},
          {"additionalProperties", false},
          {"definitions", definitions}};
}

}  // namespace lafs
