#include "kernel/recipe/row.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "kernel/recipe/document.h"
#include "kernel/recipe/layers.h"
#include "kernel/recipe/reader.h"
#include "lafs/suggestion.h"

namespace lafs {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view stage_prefix = "stage:";

using Overrides = std::vector<std::pair<std::string, std::string>>;

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

std::vector<std::string> recipe_tables() {
  std::vector<std::string> names{"title", "run", "input", "paths", "init"};
  names.insert(names.end(), Registry::kinds().begin(), Registry::kinds().end());
  return names;
}

bool is_stage_name(const std::string& name) {
  return !name.empty() && std::all_of(name.begin(), name.end(),
                                      [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-'; });
}

struct RowOptions {
  std::string title;
  std::vector<PublishedValue> published;

  void declare(Params& p) {
    p("title", title, "what reports call the row");
    p("published", published, "numbers somebody published, to stand beside the measured ones");
  }
};

/// Reads the document of a row, bases under it, into stages.
class RowReader {
 public:
  RowReader(const Node& document, const fs::path& file, const RecipeContext& context, Registry& registry)
      : document_(document), file_(file), context_(context), registry_(registry) {
    row_.file = file;
  }

  Row read() {
    read_names();
    read_row_table();
    split_overrides();
    diagnostics_.throw_if_any();  // names say what the rest means
    for (const Node& stage : *document_.find("stage")->list()) read_one(stage);
    if (!lines_.empty()) throw RecipeError(lines_);
    return std::move(row_);
  }

 private:
  void read_names() {
    const Node* stages = document_.find("stage");
    const bool tables = stages && stages->list() && !stages->list()->empty() &&
                        std::all_of(stages->list()->begin(), stages->list()->end(), [](const Node& stage) { return stage.fields(); });
    if (!tables) {
      if (!stages || (stages->list() && stages->list()->empty())) {
        diagnostics_.error(document_.position, "a row needs a [[stage]]");
      } else {
        diagnostics_.error(stages->position, "stage is no list of tables: write [[stage]]");
      }
      diagnostics_.throw_if_any();
    }
    for (const Node& stage : *stages->list()) read_name(stage);
  }

  void read_name(const Node& stage) {
    const Node* name = stage.find("name");
    if (!name || !name->string()) {
      diagnostics_.error(name ? name->position : stage.position,
                         name ? fmt::format("name is {}, not a string", type_word(*name)) : "a stage needs \"name\"");
      return;
    }
    const std::string& text = *name->string();
    const auto complain = [&](const std::string& what) { diagnostics_.error(name->position, fmt::format("stage \"{}\": {}", text, what)); };
    if (!is_stage_name(text)) complain("a name has lower case letters, digits, _ and - only");
    if (contains(recipe_tables(), text)) complain("a table of a recipe is called so; take another name");
    if (contains(names_, text)) complain("another stage is called so");
    names_.push_back(text);
  }

  void read_row_table() {
    RowOptions options;
    const Node* table = document_.find("row");
    if (table && !table->fields()) {
      diagnostics_.error(table->position, fmt::format("row is {}, not a table", type_word(*table)));
      return;
    }
    const std::map<std::string, std::string> no_roots;
    const ReadContext context{diagnostics_, registry_, no_roots, false, std::nullopt};
    Reader reader(context, table, document_.position, "[row]", "key");
    options.declare(reader);
    reader.finish();
    const Node* title = document_.find("title");
    if (options.title.empty() && title && title->string()) options.title = *title->string();
    for (size_t i = 0; i < options.published.size(); ++i) {
      const PublishedValue& value = options.published[i];
      if (value.stage.empty() || contains(names_, value.stage)) continue;
      diagnostics_.error(
          (*table->find("published")->list())[i].find("stage")->position,
          fmt::format("published \"{}\" is of no stage \"{}\"{}", value.metric, value.stage, suggestion(value.stage, names_)));
    }
    row_.title = options.title;
    row_.published = options.published;
  }

  /// Overrides of all stages and of single ones stay in one list: the later wins.
  void split_overrides() {
    const std::vector<std::string> tables = recipe_tables();
    std::vector<std::string> known = names_;
    known.insert(known.end(), tables.begin(), tables.end());
    for (const auto& [key, value] : context_.overrides) {
      const std::string first = key.substr(0, key.find('.'));
      const auto complain = [&](const std::string& what) { diagnostics_.error({"--set " + key}, what); };
      if (!contains(known, first)) {
        complain(fmt::format("\"{}\" is neither a stage nor a table of a recipe{}", first, suggestion(first, known)));
      } else if (contains(names_, key)) {
        complain(fmt::format("\"{0}\" is a stage; name a key of it: {0}.run.epochs", key));
      }
    }
  }

  Overrides overrides_of(const std::string& stage) const {
    Overrides chosen;
    for (const auto& item : context_.overrides) {
      const std::string first = item.first.substr(0, item.first.find('.'));
      if (first == stage || !contains(names_, first)) chosen.push_back(item);
    }
    return chosen;
  }

  void read_one(const Node& node) {
    Stage stage;
    stage.name = *node.find("name")->string();
    try {
      Diagnostics diagnostics;
      Node common = document_;
      for (const char* key : {"row", "stage", "title"}) common.erase(key);
      Node document = read_stage_layers(node, common, file_, diagnostics);
      apply_overrides(document, overrides_of(stage.name), diagnostics, stage.name);
      const auto taken = take_inputs(document, stage.name, diagnostics);
      diagnostics.throw_if_any();
      stage.recipe = read_recipe_document(document, file_, context_.data_root, registry_);
      for (size_t i = 0; i < taken.size(); ++i) {
        if (taken[i].empty()) continue;
        stage.recipe.init[i].from.value = std::string(stage_prefix) + taken[i];
        if (!contains(stage.inputs, taken[i])) stage.inputs.push_back(taken[i]);
      }
    } catch (const RecipeError& error) {
      for (const std::string& line : error.lines()) {
        if (!contains(lines_, line)) lines_.push_back(line);  // a mistake of the common part is one, however many stages have it
      }
    }
    row_.stages.push_back(std::move(stage));
  }

  /// The stage that each `[[init]]` takes, "" for a file. What the reader then sees is a path and the stage's identity.
  std::vector<std::string> take_inputs(Node& document, const std::string& stage, Diagnostics& diagnostics) {
    std::vector<std::string> taken;
    Node* init = document.find("init");
    if (!init || !init->list()) return taken;
    for (Node& item : *init->list()) {
      taken.emplace_back();
      Node* from = item.find("from");
      if (!from || !from->string() || !from->string()->starts_with(stage_prefix)) continue;
      const std::string name = from->string()->substr(stage_prefix.size());
      const auto earlier = std::find_if(row_.stages.begin(), row_.stages.end(), [&](const Stage& s) { return s.name == name; });
      if (earlier == row_.stages.end()) {
        diagnostics.error(from->position, no_input(name, stage));
        continue;
      }
      taken.back() = name;
      from->value = "/" + name;
      Node identity = *from;
      identity.value = earlier->recipe.identity;
      item.put("identity", std::move(identity));
    }
    return taken;
  }

  std::string no_input(const std::string& name, const std::string& stage) const {
    if (name == stage) return fmt::format("stage \"{}\" cannot start from its own weights", name);
    if (contains(names_, name)) return fmt::format("stage \"{}\" comes after \"{}\"; weights are taken from earlier stages", name, stage);
    std::vector<std::string> earlier;
    for (const Stage& s : row_.stages) earlier.push_back(s.name);
    return fmt::format("no earlier stage \"{}\"{}", name, suggestion(name, earlier));
  }

  const Node& document_;
  fs::path file_;
  const RecipeContext& context_;
  Registry& registry_;
  Diagnostics diagnostics_;
  std::vector<std::string> names_, lines_;
  Row row_;
};

fs::path default_folder(const Row& row) {
  return fs::path("runs") / fmt::format("{}-{}", row.file.stem().string(), row.identity.substr(0, 8));
}

/// Now that the folder is known, so are the paths of what stages take from each other.
void place(Row& row, const fs::path& folder) {
  std::string identities;
  for (const Stage& stage : row.stages) identities += fmt::format("{} {}\n", stage.name, stage.recipe.identity);
  row.identity = identity_of(identities);
  row.folder = fs::absolute(folder.empty() ? default_folder(row) : folder).lexically_normal();
  for (Stage& stage : row.stages) {
    for (InitEntry& init : stage.recipe.init) {
      if (!init.from.value.starts_with(stage_prefix)) continue;
      // The last checkpoint, as which one is best depends on evaluators, and these are no part of the identity.
      init.from.value = (row.folder / init.from.value.substr(stage_prefix.size()) / "checkpoints" / "last").string();
    }
    resolve(stage.recipe);
  }
}

}  // namespace

void PublishedValue::declare(Params& p) {
  p("metric", metric, needed(), "name of the metric, as the evaluator reports it");
  p("value", value, needed(), "the published number, in the unit of the metric");
  p("tolerance", tolerance, at_least(0), "largest difference that counts as reproduced");
  p("source", source, "where it is published");
  p("stage", stage, "stage whose results it is compared with; empty: the last");
  p("evaluator", evaluator, "name of the evaluator's results; empty: the first that has the metric");
}

std::vector<std::string> Row::names() const {
  std::vector<std::string> names;
  for (const Stage& stage : stages) names.push_back(stage.name);
  return names;
}

const Stage& Row::stage(const std::string& name) const {
  if (alone()) throw RecipeError({fmt::format("--stage {}: error: \"{}\" is no row, so it has no stages", name, file.string())});
  const auto found = std::find_if(stages.begin(), stages.end(), [&](const Stage& s) { return s.name == name; });
  if (found != stages.end()) return *found;
  throw RecipeError({fmt::format("--stage {}: error: \"{}\" has no stage \"{}\"{}", name, file.string(), name, suggestion(name, names()))});
}

bool is_row(const Node& document) { return document.find("row") || document.find("stage"); }

Row read_row(const fs::path& file, const RecipeContext& context, Registry& registry, const fs::path& folder) {
  Diagnostics diagnostics;
  const Node document = read_layers(file, diagnostics);
  if (is_row(document)) {
    diagnostics.throw_if_any();
    Row row = RowReader(document, file, context, registry).read();
    place(row, folder);
    return row;
  }
  Row row;
  row.file = file;
  row.stages.push_back({"", read_recipe(file, context, registry), {}});
  row.identity = row.stages.front().recipe.identity;
  row.title = row.stages.front().recipe.title;
  row.folder = folder.empty() ? default_folder(row) : folder;
  return row;
}

Recipe read_stage(const fs::path& file, const std::string& stage, const RecipeContext& context, Registry& registry) {
  const Row row = read_row(file, context, registry);
  if (!stage.empty()) return row.stage(stage).recipe;
  if (row.alone()) return row.stages.front().recipe;
  throw RecipeError(
      {fmt::format("{}: error: is a row: pick one stage with --stage; one of \"{}\"", file.string(), fmt::join(row.names(), "\", \""))});
}

}  // namespace lafs
