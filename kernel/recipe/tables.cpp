#include "kernel/recipe/tables.h"

#include <algorithm>

#include <fmt/format.h>

#include "kernel/recipe/options.h"
#include "kernel/recipe/resolver.h"
#include "kernel/registry/registry.h"
#include "lafs/evaluator.h"
#include "lafs/input.h"
#include "lafs/optimizer.h"
#include "lafs/suggestion.h"

namespace lafs {

namespace {

template <typename Options>
void declare_defaults(Params& p) {
  Options().declare(p);
}

RecipeTable component(const std::string& kind) {
  RecipeTable table{kind, RecipeTable::Form::component};
  if (kind == Optimizer::kind) {
    table.doc = "the keys of [optimizer] beside those of the update rule";
    table.declare = declare_defaults<OptimizerOptions>;
  }
  if (kind == Evaluator::kind) {
    table.list = true;
    table.doc = "the keys of an [[evaluator]] beside those of the protocol";
    table.declare = declare_defaults<EvaluatorEntry>;
  }
  return table;
}

}  // namespace

const std::vector<RecipeTable>& recipe_tables() {
  static const std::vector<RecipeTable> tables = [] {
    using Form = RecipeTable::Form;
    std::vector<RecipeTable> all{
        {"base", Form::base, false, "recipe or recipes that this one is based on"},
        {"title", Form::text, false, "a line for reports"},
        {"run", Form::options, false, "length, batches, precision, device, seeds and intervals of a run", declare_defaults<RunOptions>},
        {"input", Form::options, false, "what the network is fed: the input contract, saved with every checkpoint",
         declare_defaults<InputContract>},
        {"paths", Form::roots, false, "roots: a path \"@name/...\" starts at one"},
        {"status", Form::statuses, false,
         "how well settings are known: dotted keys of the recipe, and \"known: why\", \"derived: why\" or \"unknown: why\"; changes "
         "nothing"},
        {"rehearsal", Form::values, false,
         "dotted keys of the recipe and the smaller values that lafs run --rehearse gives them; changes nothing else"},
        {"init", Form::options, true, "one [[init]]: weights put into a part of the tree before the first step",
         declare_defaults<InitEntry>},
    };
    for (const std::string& kind : Registry::kinds()) all.push_back(component(kind));
    return all;
  }();
  return tables;
}

std::vector<std::string> recipe_table_names() {
  std::vector<std::string> names;
  for (const RecipeTable& table : recipe_tables()) names.push_back(table.name);
  return names;
}

const RecipeTable& recipe_table(std::string_view name) {
  const auto& all = recipe_tables();
  const auto found = std::find_if(all.begin(), all.end(), [&](const RecipeTable& table) { return table.name == name; });
  if (found == all.end()) throw Error(fmt::format("a recipe has no table \"{}\"{}", name, suggestion(name, recipe_table_names())));
  return *found;
}

std::vector<std::string> own_keys(const RecipeTable& table) {
  Resolver keys;
  if (table.declare) table.declare(keys);
  std::vector<std::string> names;
  for (const Field& field : *keys.table.fields()) names.push_back(field.name);
  return names;
}

}  // namespace lafs
