#include "kernel/recipe/row.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "kernel/recipe/paths.h"
#include "lafs/suggestion.h"

namespace lafs {

namespace fs = std::filesystem;

namespace {

/// Reads the documents of a row's stages, in their order.
class RowReader {
 public:
  RowReader(RowDocument& document, const Registry& registry) : document_(document), registry_(registry) {
    row_.file = document.file;
    row_.title = document.title;
    row_.published = document.published;
    row_.deviations = document.deviations;
  }

  Row read() {
    for (StageDocument& stage : document_.stages) read_one(stage);
    if (!lines_.empty()) throw RecipeError(lines_);
    return std::move(row_);
  }

 private:
  void read_one(StageDocument& written) {
    Stage stage;
    stage.name = written.name;
    try {
      if (!written.errors.empty()) throw RecipeError(written.errors);
      stage.starts = take_inputs(written.document, stage.name);
      stage.recipe = read_recipe(std::move(written.document), registry_);
      for (const std::string& earlier : stage.starts) {
        if (!earlier.empty() && !contains(stage.inputs, earlier)) stage.inputs.push_back(earlier);
      }
    } catch (const RecipeError& error) {
      for (const std::string& line : error.lines()) {
        if (!contains(lines_, line)) lines_.push_back(line);  // a mistake of the common part is one, however many stages have it
      }
    }
    row_.stages.push_back(std::move(stage));
  }

  /// The stage that each `[[init]]` takes, "" for a file. For the reader it becomes a path and the stage's identity.
  std::vector<std::string> take_inputs(Document& document, const std::string& stage) {
    std::vector<std::string> taken;
    Node* init = document.tree.find("init");
    if (!init || !init->list()) return taken;
    for (Node& item : *init->list()) {
      taken.emplace_back();
      Node* from = item.find("from");
      if (!from || !from->string() || !from->string()->starts_with(stage_prefix)) continue;
      const std::string name = from->string()->substr(stage_prefix.size());
      const auto earlier = std::find_if(row_.stages.begin(), row_.stages.end(), [&](const Stage& s) { return s.name == name; });
      from->value = "/" + name;
      if (earlier == row_.stages.end()) {
        document.mistakes.error(from->position, no_input(name, stage));
        continue;
      }
      taken.back() = name;
      Node identity = *from;
      identity.value = earlier->recipe.identity;
      item.put("identity", std::move(identity));
    }
    return taken;
  }

  std::string no_input(const std::string& name, const std::string& stage) const {
    if (name == stage) return fmt::format("stage \"{}\" cannot start from its own weights", name);
    if (is_stage(name)) return fmt::format("stage \"{}\" comes after \"{}\"; weights are taken from earlier stages", name, stage);
    std::vector<std::string> earlier;
    for (const Stage& s : row_.stages) earlier.push_back(s.name);
    return fmt::format("no earlier stage \"{}\"{}", name, suggestion(name, earlier));
  }

  bool is_stage(const std::string& name) const {
    return std::any_of(document_.stages.begin(), document_.stages.end(), [&](const StageDocument& stage) { return stage.name == name; });
  }

  RowDocument& document_;
  const Registry& registry_;
  std::vector<std::string> lines_;
  Row row_;
};

fs::path default_folder(const Row& row) {
  return fs::path("runs") / fmt::format("{}-{}", row.file.stem().string(), row.identity.substr(0, 8));
}

void place(Row& row, const fs::path& folder) {
  std::string identities;
  for (const Stage& stage : row.stages) identities += fmt::format("{} {}\n", stage.name, stage.recipe.identity);
  row.identity = identity_of(identities);
  row.folder = fs::absolute(folder.empty() ? default_folder(row) : folder).lexically_normal();
  std::vector<fs::path> folders;
  for (const Stage& stage : row.stages) folders.push_back(row.folder / stage.name);
  row.place_stages(folders);
}

}  // namespace

std::vector<std::string> Row::names() const {
  std::vector<std::string> names;
  for (const Stage& stage : stages) names.push_back(stage.name);
  return names;
}

void Row::place_stages(const std::vector<fs::path>& folders) {
  for (size_t i = 0; i < stages.size(); ++i) stages[i].folder = folders[i];
  for (Stage& stage : stages) {
    if (stage.inputs.empty()) continue;
    for (size_t i = 0; i < stage.starts.size(); ++i) {
      if (stage.starts[i].empty()) continue;
      InitEntry& init = stage.recipe.init[i];
      // The last checkpoint: which one is best depends on the evaluators, which are not part of the identity.
      init.from.value = (this->stage(stage.starts[i]).folder / "checkpoints" / "last").string();
      if (const std::string fault = encoding_fault(init.from.value); !fault.empty()) throw Error(fault).at(init.position);
    }
    resolve(stage.recipe);
  }
}

const Stage& Row::stage(const std::string& name) const {
  if (alone() && name.empty()) return stages.front();
  if (alone()) throw RecipeError({fmt::format("--stage {}: error: \"{}\" is not a row, so it has no stages", name, file.string())});
  const auto found = std::find_if(stages.begin(), stages.end(), [&](const Stage& s) { return s.name == name; });
  if (found != stages.end()) return *found;
  throw RecipeError({fmt::format("--stage {}: error: \"{}\" has no stage \"{}\"{}", name, file.string(), name, suggestion(name, names()))});
}

Row read_row(RowDocument document, const Registry& registry, const fs::path& folder) {
  if (!document.alone()) {
    Row row = RowReader(document, registry).read();
    place(row, folder);
    return row;
  }
  Row row;
  row.file = document.file;
  row.stages.push_back({"", read_recipe(std::move(document.stages.front().document), registry), {}, {}, {}});
  row.identity = row.stages.front().recipe.identity;
  row.title = row.stages.front().recipe.title;
  row.folder = folder.empty() ? default_folder(row) : folder;
  row.stages.front().folder = row.folder;
  return row;
}

Row open_row(const fs::path& file, const RecipeContext& context, Registry& registry, const fs::path& folder) {
  RowDocument document = read_row_document(file, context);
  load_row_plugins(document, registry);
  return read_row(std::move(document), registry, folder);
}

Recipe open_stage(const fs::path& file, const std::string& stage, const RecipeContext& context, Registry& registry) {
  const Row row = open_row(file, context, registry);
  if (!stage.empty()) return row.stage(stage).recipe;
  if (row.alone()) return row.stages.front().recipe;
  throw RecipeError(
      {fmt::format("{}: error: is a row: pick one stage with --stage; one of \"{}\"", file.string(), fmt::join(row.names(), "\", \""))});
}

}  // namespace lafs
