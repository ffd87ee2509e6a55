#include "runner/report/board_settings.h"

#include <fmt/format.h>

#include "kernel/recipe/resolver.h"

namespace lafs {

namespace {

using Settings = std::vector<formats::BoardSetting>;

void add(const std::string& key, const Node& node, Settings& out) {
  if (const auto* fields = node.fields()) {
    for (const Field& field : *fields) add(key.empty() ? field.name : key + "." + field.name, field.value, out);
  } else if (const auto* items = node.list(); items && !items->empty() && items->front().fields()) {
    for (size_t i = 0; i < items->size(); ++i) add(fmt::format("{}.{}", key, i), (*items)[i], out);
  } else if (const bool* on = std::get_if<bool>(&node.value)) {
    out.emplace_back(key, *on);
  } else if (const int64_t* whole = std::get_if<int64_t>(&node.value)) {
    out.emplace_back(key, static_cast<double>(*whole));
  } else if (const double* real = std::get_if<double>(&node.value)) {
    out.emplace_back(key, *real);
  } else {
    out.emplace_back(key, node.string() ? *node.string() : inline_text(node));
  }
}

}  // namespace

Settings board_settings(const Recipe& recipe) {
  Node tree = parse_toml(recipe.resolved, "recipe", {});
  for (const char* table : {"paths", "evaluator", "status", "title"}) tree.erase(table);
  Resolver run;
  RunOptions(recipe.run).declare(run);
  for (const Field& field : *run.table.fields()) {
    if (Node* written = tree.find("run"); written && field.value.affects_nothing) written->erase(field.name);
  }
  Settings settings;
  add("", tree, settings);
  return settings;
}

}  // namespace lafs
