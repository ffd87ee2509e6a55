#include "runner/tools/release/release_rows.h"

#include <algorithm>

#include <fmt/format.h>

#include "kernel/recipe/layers.h"
#include "kernel/recipe/resolver.h"

namespace lafs {

namespace fs = std::filesystem;

namespace {

int64_t whole(const Node& table, const char* key) {
  const Node* node = table.find(key);
  const auto* value = node ? std::get_if<int64_t>(&node->value) : nullptr;
  return value ? *value : 0;
}

/// The sizes that a recipe gives its backbone.
NetworkShape shape_of(const Use<Backbone>& backbone, const InputContract& input) {
  const Node options = resolved_use(backbone);
  NetworkShape shape{.dim = whole(options, "dim"),
                     .depth = whole(options, "depth"),
                     .heads = whole(options, "heads"),
                     .dim_head = whole(options, "dim_head"),
                     .mlp_dim = whole(options, "mlp_dim"),
                     .patch = whole(options, "patch"),
                     .positions = whole(options, "num_patches")};
  if (shape.positions == 0 && shape.patch > 0) shape.positions = (input.height / shape.patch) * (input.width / shape.patch);
  if (backbone.name == "part_fvit") shape.landmarks = whole(options, "landmarks") > 0 ? whole(options, "landmarks") : shape.positions;
  return shape;
}

std::vector<RowValue> values_of(const Row& row, const Recipe& recipe) {
  std::vector<RowValue> out;
  for (const PublishedValue& published : row.published) {
    const auto entry = std::find_if(recipe.evaluators.begin(), recipe.evaluators.end(),
                                    [&](const EvaluatorEntry& one) { return one.name == published.evaluator; });
    if (entry == recipe.evaluators.end())
      throw Error(fmt::format("\"{}\": the published value \"{}\" names the evaluator \"{}\", which the last stage does not have",
                              row.file.string(), published.metric, published.evaluator));
    out.push_back({published, published.evaluator.substr(0, published.evaluator.find(',')), entry->input_of(recipe.input)});
  }
  return out;
}

ReleaseRow release_row(const Row& row) {
  const Recipe& recipe = row.stages.back().recipe;
  ReleaseRow out;
  out.stem = row.file.stem().string();
  out.title = row.title;
  out.kind = recipe.backbone.name == "part_fvit" ? NetworkKind::part_fvit
             : recipe.backbone.name == "fvit"    ? NetworkKind::fvit
                                                 : NetworkKind::other;
  out.shape = shape_of(recipe.backbone, recipe.input);
  out.classes = recipe.run.identities;
  out.any_colour = std::any_of(recipe.statuses.begin(), recipe.statuses.end(),
                               [](const SettingStatus& status) { return status.key == "data_source.swap_rb" && status.word == "unknown"; });
  out.values = values_of(row, recipe);
  return out;
}

}  // namespace

std::vector<ReleaseRow> read_release_rows(const fs::path& folder, Registry& registry) {
  if (!fs::is_directory(folder)) throw Error(fmt::format("\"{}\" is no folder; --rows takes one with row recipes", folder.string()));
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder))
    if (entry.path().extension() == ".toml") files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  std::vector<ReleaseRow> rows;
  for (const fs::path& file : files) {
    const Document document = read_document(file);
    if (!is_row(document) || is_grid(document)) continue;
    RowDocument written = read_row_document(file, {});
    if (written.published.empty()) continue;
    load_row_plugins(written, registry);
    rows.push_back(release_row(read_row(std::move(written), registry)));
  }
  if (rows.empty()) throw Error(fmt::format("\"{}\" has no row recipe with published values", folder.string()));
  return rows;
}

fs::path own_rows(const fs::path& program) {
  const fs::path beside = program.parent_path() / "..";
  for (const fs::path& folder : {beside / "share/lafs/recipes/paper", beside / "../recipes/paper"})
    if (fs::is_directory(folder)) return fs::canonical(folder);
  throw Error("the row recipes of the program are not where it was installed; name a folder of row recipes with --rows");
}

}  // namespace lafs
