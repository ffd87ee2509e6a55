#include "kernel/model/open_source.h"

#include <map>
#include <optional>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "formats/file_kind.h"
#include "formats/ijb_folder.h"
#include "formats/recordio.h"
#include "kernel/model/assembly.h"
#include "kernel/recipe/data_folders.h"
#include "kernel/recipe/reader.h"

namespace lafs {

namespace {

namespace fs = std::filesystem;

Node text_node(const std::string& text) {
  Node node;
  node.value = text;
  node.folder = fs::current_path();
  return node;
}

/// The table of a data source that a path stands for.
Node table_of(const SourceRequest& request) {
  const fs::path& path = request.path;
  if (!fs::exists(path)) throw Error(fmt::format("\"{}\" does not exist", path.string()));
  Node table;
  const bool folder = fs::is_directory(path);
  if (formats::is_record_name(path) || (folder && !formats::record_files(path).empty())) {
    Node files;
    files.value = Node::List{text_node(path.string())};
    table.put("use", text_node("record_set"));
    table.put("files", files);
    return table;
  }
  if (fs::is_regular_file(path)) {
    if (const auto what = formats::not_data(path)) throw Error(*what);
  }
  table.put("use", text_node(folder && formats::is_ijb_folder(path) ? "ijb" : "image_folder"));
  if (folder) {
    table.put("root", text_node(path.string()));
  } else {
    table.put("root", text_node((request.root.empty() ? fs::absolute(path).parent_path() : request.root).string()));
    table.put("list", text_node(path.string()));
  }
  return table;
}

bool chooses_pictures(const std::string& key) {
  return key == "data_source" || key.starts_with("data_source.") || key.starts_with("paths.");
}

Use<DataSource> use_of(const SourceRequest& request, const RecipeContext& context, Registry& registry) {
  if (request.path.empty() == request.toml.empty()) throw RecipeError({"lafs: error: name one source, as SOURCE or with --source"});
  if (request.path.extension() == ".toml") {
    check_source_keys(context);
    const Recipe recipe = open_recipe(request.path, context, registry);
    if (recipe.data_source.empty()) throw Error(fmt::format("\"{}\" has no [data_source]", request.path.string()));
    return recipe.data_source;
  }
  Node node = request.toml.empty() ? table_of(request) : parse_value({request.toml_of}, request.toml);
  if (!node.fields())
    throw RecipeError({fmt::format("{}: error: expected a table, \"{{ use = ... }}\", found \"{}\"", request.toml_of, request.toml)});
  std::map<std::string, std::string> roots;
  if (!context.data_root.empty()) roots["data"] = context.data_root;
  Diagnostics diagnostics;
  for (const auto& [key, value] : context.overrides) {
    if (key.starts_with("paths.")) {
      roots[key.substr(6)] = fs::absolute(value).string();
    } else {
      diagnostics.error({"--set " + key}, "the source is not a recipe, so only keys of paths can be set");
    }
  }
  Use<DataSource> use;
  read_use({diagnostics, registry, roots, false, std::nullopt}, &node, node.position, use);
  diagnostics.throw_if_any();
  return use;
}

}  // namespace

std::string source_table(const fs::path& path) { return inline_text(table_of({.path = fs::absolute(path), .root = {}, .toml = ""})); }

void check_source_keys(const RecipeContext& context) {
  Diagnostics diagnostics;
  for (const auto& [key, value] : context.overrides) {
    if (!chooses_pictures(key))
      diagnostics.error({"--set " + key}, "only the pictures of this recipe are used, so only keys of data_source and paths can be set");
  }
  diagnostics.throw_if_any();
}

OpenSource open_source(const SourceRequest& request, const RecipeContext& context, Registry& registry) {
  return open_source(use_of(request, context, registry));
}

OpenSource open_source(const Use<DataSource>& use) {
  OpenSource open;
  RecipeAssembly assembly(open.recipe, RecipeAssembly::Data::closed, [&](const std::string& text) { open.notes.push_back(text); });
  open.source = use.make(assembly);
  open.folders = source_folders(use);
  if (const auto* skipping = dynamic_cast<const Skipping*>(open.source.get())) {
    const std::vector<std::string> skipped = skipping->skipped();
    if (!skipped.empty()) open.notes.push_back(fmt::format("damaged pictures left out: {}, first {}", skipped.size(), skipped.front()));
  }
  return open;
}

}  // namespace lafs
