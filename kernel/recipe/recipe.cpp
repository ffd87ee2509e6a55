#include "kernel/recipe/recipe.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <memory>
#include <thread>

#include <fmt/format.h>
#include <xxhash.h>

#include "kernel/recipe/document.h"
#include "kernel/recipe/layers.h"
#include "kernel/recipe/name_map.h"
#include "kernel/recipe/reader.h"
#include "kernel/recipe/resolver.h"
#include "kernel/recipe/row.h"
#include "lafs/suggestion.h"

namespace lafs {

namespace fs = std::filesystem;

namespace {

/// Weights are known by what is in them, not by where they lie.
std::string hash_of_file(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) throw Error(fmt::format("cannot read \"{}\": {}", file.string(), std::strerror(errno)));
  const std::unique_ptr<XXH3_state_t, XXH_errorcode (*)(XXH3_state_t*)> state(XXH3_createState(), XXH3_freeState);
  XXH3_128bits_reset(state.get());
  std::vector<char> chunk(size_t{1} << 20);
  while (in.read(chunk.data(), static_cast<std::streamsize>(chunk.size())), in.gcount() > 0) {
    XXH3_128bits_update(state.get(), chunk.data(), static_cast<size_t>(in.gcount()));
  }
  const XXH128_hash_t value = XXH3_128bits_digest(state.get());
  return fmt::format("{:016x}{:016x}", value.high64, value.low64);
}

/// Calls `visit(name, use, beside)` for the components of a recipe, in its order.
void each_component(Recipe& recipe, const auto& visit) {
  for (AnyUse* use : std::initializer_list<AnyUse*>{&recipe.data_source, &recipe.augmentation, &recipe.backbone, &recipe.projector,
                                                    &recipe.head, &recipe.objective}) {
    visit(*use, std::function<void(Params&)>());
  }
  visit(static_cast<AnyUse&>(recipe.optimizer), std::function<void(Params&)>([&](Params& p) { recipe.optimizer_options.declare(p); }));
}

/// Reads the merged document into a recipe.
class RecipeReader {
 public:
  RecipeReader(const Node& document, const std::string& data_root, Registry& registry, Diagnostics& diagnostics)
      : document_(document), registry_(registry), diagnostics_(diagnostics), reading_{diagnostics, registry, recipe_.paths} {
    if (!data_root.empty()) recipe_.paths["data"] = fs::absolute(data_root).lexically_normal().string();
  }

  Recipe read() {
    check_names();
    read_title();
    read_paths();
    read_plain("run", recipe_.run);
    load_plugins();
    reading_.corrected = recipe_.run.behaviour == "corrected";
    reading_.epochs = recipe_.run.epochs;
    read_plain("input", recipe_.input);
    each_component(recipe_, [&](AnyUse& use, const std::function<void(Params&)>& beside) {
      const Node* node = document_.find(use.kind());
      if (node) read_use(reading_, node, node->position, use, beside);
    });
    read_entries("init", [&](const Node& item) {
      Reader reader(reading_, &item, item.position, "[[init]]", "key");
      InitEntry& entry = recipe_.init.emplace_back();
      entry.position = item.position.text();
      entry.declare(reader);
      reader.finish();
      if (!entry.map.empty()) check_map(*item.find("map"));
      if (entry.identity.empty() && fs::is_regular_file(entry.from.value)) entry.identity = hash_of_file(entry.from.value);
    });
    read_entries("evaluator", [&](const Node& item) { read_evaluator(item); });
    return std::move(recipe_);
  }

 private:
  void check_names() {
    std::vector<std::string> known{"base", "title", "run", "input", "paths", "init"};
    known.insert(known.end(), Registry::kinds().begin(), Registry::kinds().end());
    for (const auto& [name, value] : *document_.fields()) {
      if (std::find(known.begin(), known.end(), name) == known.end()) {
        diagnostics_.error(value.key, fmt::format("a recipe has no table \"{}\"{}", name, suggestion(name, known)));
      }
    }
  }

  void read_title() {
    const Node* title = document_.find("title");
    if (!title) return;
    if (title->string()) {
      recipe_.title = *title->string();
    } else {
      diagnostics_.error(title->position, fmt::format("title is {}, not a string", type_word(*title)));
    }
  }

  void read_paths() {
    const Node* paths = table("paths");
    if (!paths) return;
    for (const auto& [name, value] : *paths->fields()) {
      if (value.string()) {
        if (!value.string()->starts_with('@')) recipe_.paths[name] = resolve_path(reading_, value);
      } else {
        diagnostics_.error(value.position, fmt::format("{} is {}, not a path", name, type_word(value)));
      }
    }
    // Roots may stand on other roots, wherever those are written.
    for (const auto& [name, value] : *paths->fields()) {
      if (value.string() && value.string()->starts_with('@')) recipe_.paths[name] = resolve_path(reading_, value);
    }
  }

  /// A table of the document; null if absent or, with an error, not a table.
  const Node* table(const char* name) {
    const Node* node = document_.find(name);
    if (!node || node->fields()) return node;
    diagnostics_.error(node->position, fmt::format("{} is {}, not a table", name, type_word(*node)));
    return nullptr;
  }

  template <typename Options>
  void read_plain(const char* name, Options& options) {
    const Node* node = table(name);
    Reader reader(reading_, node, node ? node->position : document_.position, fmt::format("[{}]", name), "key");
    options.declare(reader);
    reader.finish();
  }

  void read_entries(const char* name, const auto& read_one) {
    const Node* node = document_.find(name);
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

  void read_evaluator(const Node& item) {
    EvaluatorEntry& entry = recipe_.evaluators.emplace_back();
    read_use(reading_, &item, item.position, entry.use, [&](Params& p) { entry.declare(p); });
    if (entry.name.empty()) entry.name = entry.use.name;
  }

  void check_map(const Node& written) {
    try {
      read_name_map(registry_.map(*written.string()));
    } catch (const RecipeError&) {
      throw;
    } catch (const Error& e) {
      diagnostics_.error(written.position, e.what());
    }
  }

  void load_plugins() {
    const Node* run = document_.find("run");
    const Node* written = run ? run->find("plugins") : nullptr;
    for (size_t i = 0; i < recipe_.run.plugins.size(); ++i) {
      const fs::path path = recipe_.run.plugins[i].value;
      try {
        if (fs::is_directory(path)) {
          registry_.load_folder(path);
        } else {
          registry_.load(path);
        }
        recipe_.libraries.push_back(path.string());
      } catch (const Error& e) {
        diagnostics_.error((*written->list())[i].position, e.what());
      }
    }
  }

  const Node& document_;
  Registry& registry_;
  Diagnostics& diagnostics_;
  Recipe recipe_;
  ReadContext reading_;
};

/// What a recipe says, evaluators left out: these change no number of a training.
Node training_document(Recipe& recipe) {
  Node document;
  Resolver run, input;
  recipe.run.declare(run);
  recipe.input.declare(input);
  document.put("run", std::move(run.table));
  document.put("input", std::move(input.table));
  each_component(recipe, [&](AnyUse& use, const std::function<void(Params&)>& beside) {
    if (!use.empty()) document.put(use.kind(), resolved_use(use, beside));
  });
  Node::List entries;
  for (InitEntry& entry : recipe.init) {
    Resolver init;
    entry.declare(init);
    entries.push_back(std::move(init.table));
  }
  if (!entries.empty()) document.put("init", {entries});
  return document;
}

/// A stage's weights are known to its row alone.
void refuse_stages(const Node& document, Diagnostics& diagnostics) {
  const Node* init = document.find("init");
  if (!init || !init->list()) return;
  for (const Node& item : *init->list()) {
    const Node* from = item.find("from");
    if (from && from->string() && from->string()->starts_with("stage:"))
      diagnostics.error(from->position, fmt::format("from = {} names a stage, but this recipe is none of a row", inline_text(*from)));
  }
}

Recipe finished(const Node& document, const std::string& data_root, Registry& registry, Diagnostics& diagnostics) {
  refuse_stages(document, diagnostics);
  Recipe recipe = RecipeReader(document, data_root, registry, diagnostics).read();
  recipe.registry = &registry;
  diagnostics.throw_if_any();
  if (recipe.run.threads == 0) recipe.run.threads = std::max(1u, std::thread::hardware_concurrency());
  resolve(recipe);
  return recipe;
}

}  // namespace

void resolve(Recipe& recipe) {
  Node resolved = training_document(recipe);
  recipe.identity = identity_of(identity_text(resolved));
  Node evaluation;
  evaluation.put("training", {recipe.identity});
  Node::List entries, names;
  for (EvaluatorEntry& entry : recipe.evaluators) {
    entries.push_back(resolved_use(entry.use, [&](Params& p) { entry.declare(p); }));
    names.push_back({entry.name});
  }
  evaluation.put("evaluator", {entries});
  evaluation.put("names", {names});
  recipe.evaluation_identity = identity_of(identity_text(evaluation));
  if (!entries.empty()) resolved.put("evaluator", {entries});
  if (!recipe.title.empty()) resolved.put("title", {recipe.title});
  recipe.resolved = document_text(resolved);
}

Recipe read_recipe(const fs::path& file, const RecipeContext& context, Registry& registry) {
  Diagnostics diagnostics;
  Node document = read_layers(file, diagnostics);
  if (is_row(document)) throw RecipeError({fmt::format("{}: error: is a row of stages, not a run recipe", file.string())});
  apply_overrides(document, context.overrides, diagnostics);
  Recipe recipe = finished(document, context.data_root, registry, diagnostics);
  recipe.file = file;
  return recipe;
}

Recipe read_recipe_text(std::string_view text, const std::string& name, const RecipeContext& context, Registry& registry) {
  Diagnostics diagnostics;
  Node document = read_layers(text, name, diagnostics);
  apply_overrides(document, context.overrides, diagnostics);
  Recipe recipe = finished(document, context.data_root, registry, diagnostics);
  recipe.file = name;
  return recipe;
}

Recipe read_recipe_document(const Node& document, const fs::path& file, const std::string& data_root, Registry& registry) {
  Diagnostics diagnostics;
  Recipe recipe = finished(document, data_root, registry, diagnostics);
  recipe.file = file;
  return recipe;
}

void read_options(std::string_view toml, const std::string& name, AnyUse& use, const Registry& registry, bool corrected) {
  Diagnostics diagnostics;
  const std::map<std::string, std::string> no_roots;
  const Node document = parse_toml(toml, name, fs::path(name).parent_path());
  read_use({diagnostics, registry, no_roots, corrected, std::nullopt}, &document, document.position, use);
  diagnostics.throw_if_any();
}

std::string options_text(const AnyUse& use) { return document_text(resolved_use(use)); }

}  // namespace lafs
