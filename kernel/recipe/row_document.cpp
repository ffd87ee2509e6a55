#include "kernel/recipe/row_document.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "kernel/recipe/layers.h"
#include "kernel/recipe/reader.h"
#include "kernel/recipe/recipe.h"
#include "kernel/recipe/status.h"
#include "kernel/recipe/tables.h"
#include "lafs/suggestion.h"

namespace lafs {

namespace fs = std::filesystem;

namespace {

bool is_stage_name(const std::string& name) {
  return !name.empty() && std::all_of(name.begin(), name.end(),
                                      [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-'; });
}

/// What `--set` may begin with. "base" is not among them, and may be the name of a stage.
std::vector<std::string> settable_tables() {
  std::vector<std::string> names;
  for (const RecipeTable& table : recipe_tables()) {
    if (table.form != RecipeTable::Form::base) names.push_back(table.name);
  }
  return names;
}

struct RowOptions {
  std::string title;
  std::vector<PublishedValue> published;
  std::vector<std::string> deviations;

  void declare(Params& p) {
    p("title", title, "what reports call the row");
    p("published", published, "numbers somebody published, to stand beside the measured ones");
    p("deviations", deviations, "what is known to differ from the published run, a sentence each");
  }
};

/// Takes a row's document apart into those of its stages.
class RowSplitter {
 public:
  RowSplitter(Document whole, const RecipeContext& context) : whole_(std::move(whole)), context_(context) { row_.file = whole_.file; }

  RowDocument split() {
    whole_.mistakes.throw_if_any();
    read_names();
    read_row_table();
    check_overrides();
    whole_.mistakes.throw_if_any();  // the rest depends on the names
    for (const Node& stage : *whole_.tree.find("stage")->list()) add(stage);
    return std::move(row_);
  }

 private:
  void read_names() {
    const Node* stages = whole_.tree.find("stage");
    const bool tables = stages && stages->list() && !stages->list()->empty() &&
                        std::all_of(stages->list()->begin(), stages->list()->end(), [](const Node& stage) { return stage.fields(); });
    if (!tables) {
      if (!stages || (stages->list() && stages->list()->empty())) {
        whole_.mistakes.error(whole_.tree.position, "a row needs a [[stage]]");
      } else {
        whole_.mistakes.error(stages->position, "stage is not a list of tables: write [[stage]]");
      }
      whole_.mistakes.throw_if_any();
    }
    for (const Node& stage : *stages->list()) read_name(stage);
  }

  void read_name(const Node& stage) {
    const Node* name = stage.find("name");
    if (!name || !name->string()) {
      whole_.mistakes.error(name ? name->position : stage.position,
                            name ? fmt::format("name is {}, not a string", type_word(*name)) : "a stage needs \"name\"");
      return;
    }
    const std::string& text = *name->string();
    const auto complain = [&](const std::string& what) {
      whole_.mistakes.error(name->position, fmt::format("stage \"{}\": {}", text, what));
    };
    if (!is_stage_name(text)) complain("a name has lower case letters, digits, _ and - only");
    if (contains(settable_tables(), text)) complain("this is the name of a table of a recipe; choose another name");
    if (contains(names_, text)) complain("another stage has this name");
    names_.push_back(text);
  }

  void read_row_table() {
    RowOptions options;
    const Node* table = whole_.tree.find("row");
    if (table && !table->fields()) {
      whole_.mistakes.error(table->position, fmt::format("row is {}, not a table", type_word(*table)));
      return;
    }
    const Registry no_plugins;
    const ReadContext context{whole_.mistakes, no_plugins, whole_.roots, false, std::nullopt};
    Reader reader(context, table, whole_.tree.position, "[row]", "key");
    options.declare(reader);
    reader.finish();
    const Node* title = whole_.tree.find("title");
    if (options.title.empty() && title && title->string()) options.title = *title->string();
    for (size_t i = 0; i < options.published.size(); ++i) check_published(options.published[i], (*table->find("published")->list())[i]);
    row_.title = options.title;
    row_.published = options.published;
    row_.deviations = options.deviations;
  }

  void check_published(const PublishedValue& value, const Node& written) {
    const auto complain = [&](const char* key, const std::string& what) {
      whole_.mistakes.error(written.find(key)->position, fmt::format("published \"{}\": {}", value.metric, what));
    };
    if (!value.stage.empty() && !contains(names_, value.stage))
      complain("stage", fmt::format("no stage \"{}\"{}", value.stage, suggestion(value.stage, names_)));
    if (const std::string fault = value.status.empty() || value.metric.empty() ? "" : status_fault(value.status); !fault.empty())
      complain("status", fmt::format("status = \"{}\" {}", value.status, fault));
  }

  void check_overrides() {
    const std::vector<std::string> tables = settable_tables();
    std::vector<std::string> known = names_;
    known.insert(known.end(), tables.begin(), tables.end());
    for (const auto& [key, value] : context_.overrides) {
      const std::string first = key.substr(0, key.find('.'));
      const auto complain = [&](const std::string& what) { whole_.mistakes.error(context_.place_of(key), what); };
      if (!contains(known, first)) {
        complain(fmt::format("\"{}\" is neither a stage nor a table of a recipe{}", first, suggestion(first, known)));
      } else if (contains(names_, key)) {
        complain(fmt::format("\"{0}\" is a stage; name a key of it: {0}.run.epochs", key));
      }
    }
  }

  /// Overrides of all stages and of this one stay in one list: the later wins.
  RecipeContext context_of(const std::string& stage) const {
    RecipeContext chosen{{}, context_.data_root, context_.places, context_.rehearsal};
    for (const auto& item : context_.overrides) {
      const std::string first = item.first.substr(0, item.first.find('.'));
      if (first == stage || !contains(names_, first)) chosen.overrides.push_back(item);
    }
    return chosen;
  }

  void add(const Node& node) {
    StageDocument& stage = row_.stages.emplace_back();
    stage.name = *node.find("name")->string();
    Node common = whole_.tree;
    for (const char* key : {"row", "stage", "title"}) common.erase(key);
    try {
      stage.document = read_stage_document(node, common, whole_.file);
      apply_context(stage.document, context_of(stage.name), stage.name);
    } catch (const RecipeError& error) {
      stage.errors = error.lines();
    }
  }

  Document whole_;
  const RecipeContext& context_;
  std::vector<std::string> names_;
  RowDocument row_;
};

}  // namespace

void PublishedValue::declare(Params& p) {
  p("metric", metric, needed(), "name of the metric, as the evaluator reports it");
  p("value", value, needed(), "the published number, in the unit of the metric");
  p("tolerance", tolerance, at_least(0), "largest difference that counts as reproduced");
  p("source", source, "where it is published");
  p("stage", stage, "stage whose results it is compared with; empty: the last");
  p("evaluator", evaluator, "name of the evaluator's results; empty: the first that has the metric");
  p("status", status, "how well it is known: \"known: why\", \"derived: why\" or \"unknown: why\"");
}

bool PublishedValue::is_reproduced_by(double measured) const {
  // Decimal values are not exact in binary: 0.75 measured is within 0.05 of 0.80.
  return std::abs(measured - value) <= tolerance * (1 + 1e-9) + 1e-12;
}

RowDocument read_row_document(const fs::path& file, const RecipeContext& context) {
  Document document = read_document(file);
  if (is_grid(document)) throw RecipeError({fmt::format("{}: error: is a grid of recipes; run it with lafs ablate", file.string())});
  if (is_row(document)) return RowSplitter(std::move(document), context).split();
  apply_context(document, context);
  RowDocument alone;
  alone.file = file;
  alone.stages.push_back({"", std::move(document), {}});
  return alone;
}

void load_row_plugins(RowDocument& row, Registry& registry) {
  for (StageDocument& stage : row.stages) load_recipe_plugins(stage.document, registry);
}

}  // namespace lafs
