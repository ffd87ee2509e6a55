#include <algorithm>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "kernel/recipe/grid.h"
#include "kernel/recipe/layers.h"
#include "kernel/recipe/paths.h"
#include "kernel/recipe/reader.h"
#include "kernel/recipe/row_document.h"
#include "lafs/suggestion.h"

namespace lafs {

namespace {

struct GridOptions {
  std::string title;
  Path recipe;
  std::vector<int64_t> seeds;
  std::vector<std::string> seed_stages;
  std::string stage;
  std::vector<std::string> metrics;

  void declare(Params& p) {
    p("title", title, "what tables and reports call the grid");
    p("recipe", recipe, needed(), "the row or run recipe that is varied");
    p("seeds", seeds, at_least(0), "each combination is run once with each; empty: with the seed of the recipe");
    p("seed_stages", seed_stages, "stages of the row that get these seeds; empty: all");
    p("stage", stage, "stage of the row whose results the table shows; empty: the last");
    p("metrics", metrics,
      "\"METRIC\" or \"EVALUATOR/METRIC\" of the table, \"-\" in front where smaller is better and the evaluator does not say so; empty: "
      "the first value of each evaluator");
  }
};

struct AxisOptions {
  std::string name, key;

  void declare(Params& p) {
    p("name", name, needed(), "what is varied");
    p("key", key, "key of the recipe that takes the values");
  }
};

struct ChoiceOptions {
  std::string label;
  Path recipe;

  void declare(Params& p) {
    p("label", label, needed(), "name of the setting in tables");
    p("recipe", recipe, "the row or run recipe in place of the grid's");
  }
};

std::string label_of(const Node& value) { return value.string() ? *value.string() : inline_text(value); }

class GridReader {
 public:
  GridReader(Document document, const RecipeContext& context)
      : document_(std::move(document)), read_{document_.mistakes, no_plugins_, document_.roots, false, std::nullopt} {
    grid_.file = document_.file;
    grid_.context = context;
  }

  Grid read() {
    document_.mistakes.throw_if_any();
    document_.roots = read_roots(document_.tree, grid_.context.data_root, document_.mistakes);
    check_top();
    const Node& table = *document_.tree.find("grid");
    if (!table.fields()) {
      mistake(table.position, fmt::format("grid is {}, not a table", type_word(table)));
    } else {
      read_table(table);
    }
    document_.mistakes.throw_if_any();
    return std::move(grid_);
  }

 private:
  void mistake(const Position& position, std::string text) { document_.mistakes.error(position, std::move(text)); }

  void check_top() {
    for (const Field& field : *document_.tree.fields()) {
      if (field.name == "grid" || field.name == "paths" || field.name == "title") continue;
      mistake(field.value.key, fmt::format("a grid has no table \"{}\": keys of the recipes it runs go into [grid.set]", field.name));
    }
  }

  template <typename Options>
  Options read_options(const Node& table, const std::string& owner, std::initializer_list<const char*> elsewhere) {
    Options options;
    Reader reader(read_, &table, table.position, owner, "key");
    for (const char* key : elsewhere) reader.allow(key);
    options.declare(reader);
    reader.finish();
    return options;
  }

  void read_table(const Node& table) {
    const GridOptions options = read_options<GridOptions>(table, "[grid]", {"set", "axis", "exclude"});
    const Node* title = document_.tree.find("title");
    grid_.title = options.title.empty() && title && title->string() ? *title->string() : options.title;
    grid_.recipe = options.recipe.value;
    grid_.seeds = options.seeds;
    grid_.seed_stages = options.seed_stages;
    grid_.stage = options.stage;
    grid_.metrics = options.metrics;
    grid_.set = settings(table);
    if (std::set<int64_t>(options.seeds.begin(), options.seeds.end()).size() != options.seeds.size())
      mistake(table.find("seeds")->position, "a seed is given twice");
    if (options.seeds.empty() && !options.seed_stages.empty())
      mistake(table.find("seed_stages")->position, "seed_stages has no effect without seeds");
    for (const Node* axis : tables(table, "axis", "[[grid.axis]]")) read_axis(*axis);
    for (const Node* excluded : tables(table, "exclude", "[[grid.exclude]]")) read_excluded(*excluded);
    check_recipes(table);
  }

  /// The items of a list of tables.
  std::vector<const Node*> tables(const Node& table, const char* key, const char* header) {
    std::vector<const Node*> items;
    const Node* list = table.find(key);
    if (!list) return items;
    const bool right = list->list() && std::all_of(list->list()->begin(), list->list()->end(), [](const Node& n) { return n.fields(); });
    if (!right) {
      mistake(list->position, fmt::format("{} is not a list of tables: write {}", key, header));
      return items;
    }
    for (const Node& item : *list->list()) items.push_back(&item);
    return items;
  }

  std::vector<Field> settings(const Node& table) {
    std::vector<Field> set;
    const Node* given = table.find("set");
    if (given && !given->fields()) mistake(given->position, fmt::format("set is {}, not a table of keys and values", type_word(*given)));
    if (given && given->fields()) flatten(*given, "", set);
    return set;
  }

  void read_axis(const Node& table) {
    const AxisOptions options = read_options<AxisOptions>(table, "[[grid.axis]]", {"values", "choice"});
    GridAxis axis{options.name, {}};
    const auto complain = [&](const std::string& what) { mistake(table.position, fmt::format("axis \"{}\": {}", options.name, what)); };
    if (std::any_of(grid_.axes.begin(), grid_.axes.end(), [&](const GridAxis& other) { return other.name == axis.name; }))
      complain("another axis has this name");
    const bool values = table.find("values"), choices = table.find("choice");
    if (values == choices) complain("give values for a key, or a [[grid.axis.choice]] for each setting");
    if (values && !choices) read_values(table, options.key, axis, complain);
    if (choices && !values) {
      if (!options.key.empty()) complain("key has no effect beside choices, which say in \"set\" what they change");
      for (const Node* choice : tables(table, "choice", "[[grid.axis.choice]]")) axis.choices.push_back(read_choice(*choice));
    }
    if (values != choices && axis.choices.empty() && document_.mistakes.empty()) complain("there is nothing to choose from");
    std::set<std::string> labels;
    for (const GridChoice& choice : axis.choices) {
      if (!labels.insert(choice.label).second) complain(fmt::format("\"{}\" is given twice", choice.label));
    }
    grid_.axes.push_back(std::move(axis));
  }

  void read_values(const Node& table, const std::string& key, GridAxis& axis, const auto& complain) {
    const Node& values = *table.find("values");
    if (key.empty()) return complain("values need a key of the recipe that takes them");
    if (!values.list()) return mistake(values.position, fmt::format("values is {}, not a list", type_word(values)));
    for (const Node& value : *values.list()) {
      GridChoice& choice = axis.choices.emplace_back(GridChoice{label_of(value), {}, {}});
      if (value.fields()) {
        flatten(value, key, choice.set);
      } else {
        choice.set.push_back({key, value});
      }
    }
  }

  GridChoice read_choice(const Node& table) {
    const ChoiceOptions options = read_options<ChoiceOptions>(table, "[[grid.axis.choice]]", {"set"});
    return {options.label, options.recipe.value, settings(table)};
  }

  void read_excluded(const Node& table) {
    std::map<std::string, std::string>& wanted = grid_.excluded.emplace_back();
    std::vector<std::string> names;
    for (const GridAxis& axis : grid_.axes) names.push_back(axis.name);
    for (const Field& field : *table.fields()) {
      const auto axis = std::find(names.begin(), names.end(), field.name);
      if (axis == names.end()) {
        mistake(field.value.key, fmt::format("[[grid.exclude]]: no axis \"{}\"{}", field.name, suggestion(field.name, names)));
        continue;
      }
      const std::string label = label_of(field.value);
      std::vector<std::string> labels;
      for (const GridChoice& choice : grid_.axes[static_cast<size_t>(axis - names.begin())].choices) labels.push_back(choice.label);
      if (!contains(labels, label))
        mistake(field.value.position, fmt::format("axis \"{}\" has no \"{}\"{}", field.name, label, suggestion(label, labels)));
      wanted[field.name] = label;
    }
    if (table.fields()->empty()) mistake(table.position, "[[grid.exclude]] names no axis, and would leave out every cell");
  }

  /// That the recipes are there, and that the stages that are named are stages of one of them at least.
  void check_recipes(const Node& table) {
    std::set<std::filesystem::path> recipes{grid_.recipe};
    for (const GridAxis& axis : grid_.axes) {
      for (const GridChoice& choice : axis.choices) recipes.insert(choice.recipe);
    }
    std::vector<std::string> stages;
    for (const std::filesystem::path& recipe : recipes) {
      if (recipe.empty()) continue;
      if (is_grid(read_document(recipe))) {
        mistake(table.position, fmt::format("\"{}\" is a grid itself", recipe.string()));
      } else {
        for (const StageDocument& stage : read_row_document(recipe, {}).stages) stages.push_back(stage.name);
      }
    }
    const auto check = [&](const char* key, const std::string& stage) {
      if (!contains(stages, stage))
        mistake(table.find(key)->position, fmt::format("{}: no stage \"{}\"{}", key, stage, suggestion(stage, stages)));
    };
    for (const std::string& stage : grid_.seed_stages) check("seed_stages", stage);
    if (!grid_.stage.empty()) check("stage", grid_.stage);
  }

  Document document_;
  const Registry no_plugins_;
  ReadContext read_;
  Grid grid_;
};

}  // namespace

Grid read_grid(const std::filesystem::path& file, const RecipeContext& context) {
  Document document = read_document(file);
  if (!is_grid(document)) throw RecipeError({fmt::format("{}: error: is not a grid: it has no [grid]", file.string())});
  return GridReader(std::move(document), context).read();
}

}  // namespace lafs
