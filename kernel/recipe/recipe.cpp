#include "kernel/recipe/recipe.h"

#include <algorithm>

#include <fmt/format.h>

#include "kernel/recipe/content_identity.h"
#include "kernel/recipe/evaluator_file.h"
#include "kernel/recipe/layers.h"
#include "kernel/recipe/name_map.h"
#include "kernel/recipe/paths.h"
#include "kernel/recipe/reader.h"
#include "kernel/recipe/rehearsal.h"
#include "kernel/recipe/resolver.h"
#include "kernel/recipe/sense.h"
#include "kernel/recipe/tables.h"
#include "kernel/recipe/written.h"
#include "lafs/parallel.h"
#include "lafs/suggestion.h"

namespace lafs {

namespace fs = std::filesystem;

namespace {

/// Calls `visit(use, beside)` for the components of a recipe, in its order; `beside` declares options that are not the plugin's.
void each_component(Recipe& recipe, const auto& visit) {
  for (AnyUse* use : std::initializer_list<AnyUse*>{&recipe.data_source, &recipe.augmentation, &recipe.backbone, &recipe.projector,
                                                    &recipe.head, &recipe.objective}) {
    visit(*use, std::function<void(Params&)>());
  }
  visit(static_cast<AnyUse&>(recipe.optimizer), std::function<void(Params&)>([&](Params& p) { recipe.optimizer_options.declare(p); }));
}

Node resolved_table(auto& options) {
  Resolver resolver;
  options.declare(resolver);
  return std::move(resolver.table);
}

/// The recipe without its evaluators, which change no number of a training.
Node training_document(Recipe& recipe) {
  Node document;
  document.put("run", resolved_table(recipe.run));
  document.put("input", resolved_table(recipe.input));
  each_component(recipe, [&](AnyUse& use, const std::function<void(Params&)>& beside) {
    if (!use.empty()) document.put(use.kind(), resolved_use(use, beside));
  });
  Node::List entries;
  for (InitEntry& entry : recipe.init) entries.push_back(resolved_table(entry));
  if (!entries.empty()) document.put("init", {entries});
  return document;
}

void leave_out_what_affects_nothing(Node& node) {
  if (Node::Fields* fields = node.fields()) {
    std::erase_if(*fields, [](const Field& field) { return field.value.affects_nothing; });
    for (Field& field : *fields) leave_out_what_affects_nothing(field.value);
  }
  if (Node::List* items = node.list()) {
    for (Node& item : *items) leave_out_what_affects_nothing(item);
  }
}

/// The tables of `[[evaluator]]`.
Node::List evaluator_tables(Recipe& recipe) {
  Node::List entries;
  for (EvaluatorEntry& entry : recipe.evaluators) entries.push_back(resolved_use(entry.use, [&](Params& p) { entry.declare(p); }));
  return entries;
}

/// Reads a document into a recipe.
class RecipeReader {
 public:
  RecipeReader(Document& document, const Registry& registry)
      : tree_(document.tree), diagnostics_(document.mistakes), reading_{diagnostics_, registry, document.roots, false, std::nullopt} {}

  Recipe read() {
    check_names();
    refuse_stages();
    read_title();
    read_plain("run", recipe_.run);
    reading_.corrected = recipe_.run.behaviour == "corrected";
    if (recipe_.run.total_steps == 0) reading_.epochs = recipe_.run.epochs;
    read_plain("input", recipe_.input);
    recipe_.input_written = tree_.find("input") != nullptr;
    each_component(recipe_, [&](AnyUse& use, const std::function<void(Params&)>& beside) {
      const Node* node = tree_.find(use.kind());
      if (node) read_use(reading_, node, node->position, use, beside);
    });
    read_entries("init", [&](const Node& item) { read_init(item); });
    read_entries("evaluator", [&](const Node& item) { read_evaluator(item); });
    check_sense(recipe_, tree_, diagnostics_);
    read_settings();
    return std::move(recipe_);
  }

 private:
  void check_names() {
    const std::vector<std::string> known = recipe_table_names();
    for (const auto& [name, value] : *tree_.fields()) {
      if (std::find(known.begin(), known.end(), name) == known.end()) {
        diagnostics_.error(value.key, fmt::format("a recipe has no table \"{}\"{}", name, suggestion(name, known)));
      }
    }
  }

  /// Only a file of several stages knows the weights of its stages.
  void refuse_stages() {
    const Node* init = tree_.find("init");
    if (!init || !init->list()) return;
    for (const Node& item : *init->list()) {
      const Node* from = item.find("from");
      if (from && from->string() && from->string()->starts_with("stage:"))
        diagnostics_.error(from->position,
                           fmt::format("from = {} names a stage, but this recipe is not part of a row", inline_text(*from)));
    }
  }

  void read_title() {
    const Node* title = tree_.find("title");
    if (!title) return;
    if (title->string()) {
      recipe_.title = *title->string();
    } else {
      diagnostics_.error(title->position, fmt::format("title is {}, not a string", type_word(*title)));
    }
  }

  /// A table of the document; null if absent or, with an error, not a table.
  const Node* table(const char* name) {
    const Node* node = tree_.find(name);
    if (!node || node->fields()) return node;
    diagnostics_.error(node->position, fmt::format("{} is {}, not a table", name, type_word(*node)));
    return nullptr;
  }

  template <typename Options>
  void read_plain(const char* name, Options& options) {
    const Node* node = table(name);
    Reader reader(reading_, node, node ? node->position : tree_.position, fmt::format("[{}]", name), "key");
    options.declare(reader);
    reader.finish();
  }

  void read_entries(const char* name, const auto& read_one) {
    const Node* node = tree_.find(name);
    if (!node) return;
    if (!node->list()) {
      diagnostics_.error(node->position, fmt::format("{0} is {1}, not a list of tables: write [[{0}]]", name, type_word(*node)));
      return;
    }
    for (const Node& item : *node->list()) {
      if (item.fields()) {
        read_one(item);
      } else {
        diagnostics_.error(item.position, fmt::format("an item of {} is {}, not a table", name, type_word(item)));
      }
    }
  }

  void read_init(const Node& item) {
    Reader reader(reading_, &item, item.position, "[[init]]", "key");
    InitEntry& entry = recipe_.init.emplace_back();
    entry.position = item.position.text();
    entry.declare(reader);
    reader.finish();
    if (!entry.map.empty()) check_map(*item.find("map"));
  }

  void read_evaluator(const Node& item) {
    EvaluatorEntry& entry = recipe_.evaluators.emplace_back();
    read_use(reading_, &item, item.position, entry.use, [&](Params& p) { entry.declare(p); });
    if (entry.name.empty()) entry.name = entry.use.name;
    // Each keeps its scores in a file of its name.
    const auto same_file = [&](const EvaluatorEntry& other) { return evaluator_file_name(other.name) == evaluator_file_name(entry.name); };
    const auto twin = std::find_if(recipe_.evaluators.begin(), recipe_.evaluators.end() - 1, same_file);
    if (twin == recipe_.evaluators.end() - 1 || entry.name.empty()) return;
    diagnostics_.error(item.position,
                       twin->name == entry.name
                           ? fmt::format("two evaluators are named \"{0}\", and results are kept by name: set name = "
                                         "\"{0} 2\" or another one",
                                         entry.name)
                           : fmt::format("the evaluators \"{}\" and \"{}\" would keep their scores in one file: set another name",
                                         twin->name, entry.name));
  }

  /// What `[status]` and `[rehearsal]` say of settings.
  void read_settings() {
    const Node *statuses = table("status"), *rehearsal = table("rehearsal");
    if (!statuses && !rehearsal) return;
    const bool right = diagnostics_.empty();
    Node settings = right ? training_document(recipe_) : Node();
    if (right) settings.put("evaluator", {evaluator_tables(recipe_)});
    if (statuses) recipe_.statuses = read_statuses(*statuses, settings, diagnostics_);
    if (rehearsal && right) check_rehearsal(*rehearsal, settings, diagnostics_);
  }

  void check_map(const Node& written) {
    try {
      read_name_map(reading_.registry.map(*written.string()));
    } catch (const RecipeError&) {
      throw;
    } catch (const Error& e) {
      diagnostics_.error(written.position, e.what());
    }
  }

  const Node& tree_;
  Diagnostics& diagnostics_;
  ReadContext reading_;
  Recipe recipe_;
};

}  // namespace

std::string counting_text(Recipe recipe) {
  Node document = training_document(recipe);
  leave_out_what_affects_nothing(document);
  return document_text(document);
}

void resolve(Recipe& recipe) {
  Node resolved = training_document(recipe);
  recipe.identity = identity_of(identity_text(resolved));
  Node evaluation;
  evaluation.put("training", {recipe.identity});
  Node::List entries = evaluator_tables(recipe), names;
  for (const EvaluatorEntry& entry : recipe.evaluators) names.push_back({entry.name});
  evaluation.put("evaluator", {entries});
  evaluation.put("names", {names});
  recipe.evaluation_identity = identity_of(identity_text(evaluation));
  if (!entries.empty()) resolved.put("evaluator", {entries});
  if (!recipe.title.empty()) resolved.put("title", {recipe.title});
  if (!recipe.statuses.empty()) resolved.put("status", status_table(recipe.statuses));
  recipe.resolved = document_text(resolved);
}

void load_recipe_plugins(Document& document, Registry& registry) {
  const Node* run = document.tree.find("run");
  const Node* written = run ? run->find("plugins") : nullptr;
  if (!written || !written->list()) return;
  for (const Node& item : *written->list()) {
    if (!item.string()) continue;
    Diagnostics told_later;  // by read_recipe, which reads the same paths
    const fs::path path = resolve_path(item, document.roots, told_later);
    if (!told_later.empty()) continue;
    try {
      fs::is_directory(path) ? registry.load_folder(path) : registry.load(path);
    } catch (const Error& e) {
      document.mistakes.error(item.position, e.what());
    }
  }
}

Recipe read_recipe(Document document, const Registry& registry) {
  Recipe recipe = RecipeReader(document, registry).read();
  document.mistakes.throw_if_any();
  recipe.file = document.file;
  recipe.paths = document.roots;
  recipe.written = written_keys(document.tree);
  recipe.registry = &registry;
  if (recipe.run.threads == 0) recipe.run.threads = hardware_threads();
  identify_weights(recipe.init);
  resolve(recipe);
  return recipe;
}

Recipe open_recipe(const fs::path& file, const RecipeContext& context, Registry& registry) {
  Document document = read_document(file);
  if (is_row(document)) throw RecipeError({fmt::format("{}: error: is a row of stages, not a run recipe", file.string())});
  apply_context(document, context);
  load_recipe_plugins(document, registry);
  return read_recipe(std::move(document), registry);
}

Recipe open_recipe_text(std::string_view text, const std::string& name, const RecipeContext& context, Registry& registry) {
  Document document = read_document(text, name);
  apply_context(document, context);
  load_recipe_plugins(document, registry);
  return read_recipe(std::move(document), registry);
}

}  // namespace lafs
