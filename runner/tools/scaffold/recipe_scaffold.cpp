#include "runner/tools/scaffold/recipe_scaffold.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "formats/atomic_file.h"
#include "kernel/recipe/diagnostics.h"
#include "lafs/error.h"
#include "lafs/suggestion.h"
#include "runner/report/output_file.h"
#include "runner/tools/scaffold/recipe_text.h"

namespace lafs {

namespace {

namespace fs = std::filesystem;
using Words = std::vector<std::string>;

/// What recipes are written for.
struct Trainable {
  std::string objective;
  Words networks;       ///< that it trains; the first is the default
  std::string encoder;  ///< below which its checkpoints have the network
};

const std::vector<Trainable>& trainables() {
  static const Words vision{"fvit", "vit"}, any{"fvit", "vit", "iresnet"};
  static const std::vector<Trainable> all{{"identification", {"fvit", "part_fvit", "vit", "iresnet"}, "backbone"},
                                          {"dino", vision, "teacher.backbone"},
                                          {"lafs", {"fvit"}, "teacher.backbone"},
                                          {"simclr", any, "backbone"},
                                          {"byol", any, "student.backbone"},
                                          {"moco_v3", any, "student.backbone"},
                                          {"barlow_twins", any, "backbone"},
                                          {"vicreg", any, "backbone"},
                                          {"mae", vision, "backbone"}};
  return all;
}

const Trainable& trainable(const std::string& objective) {
  return *std::find_if(trainables().begin(), trainables().end(), [&](const Trainable& item) { return item.objective == objective; });
}

[[noreturn]] void refuse(const std::string& what) { throw RecipeError({"lafs new recipe: error: " + what}); }

void check_word(const char* what, const std::string& word, const Words& known) {
  if (std::find(known.begin(), known.end(), word) == known.end())
    refuse(fmt::format("there is no recipe {} \"{}\"{}", what, word, suggestion(word, known)));
}

/// The request with its defaults.
NewRecipe completed(NewRecipe request, const Registry& registry) {
  check_word("of the kind", request.kind, recipe_kinds());
  if (request.file.extension() != ".toml")
    refuse(fmt::format("\"{}\" does not end in .toml, by which recipes are known", request.file.string()));
  const bool row = request.kind == "row";
  if (request.objective.empty()) request.objective = row ? "lafs" : "identification";
  const Words& objectives = recipe_objectives();
  if (std::ranges::find(objectives, request.objective) == objectives.end() && registry.find("objective", request.objective))
    refuse(
        fmt::format("it writes recipes with the objectives {}; for \"{}\" take the recipe.toml that lafs new plugin wrote beside it, or "
                    "write one of these and change its [objective]",
                    fmt::join(objectives, ", "), request.objective));
  check_word("with the objective", request.objective, recipe_objectives());
  if (row && request.objective == "identification")
    refuse("a row begins without labels, by \"lafs\" or another method; for \"identification\" alone write a run");
  if (row && request.objective == "lafs" && !request.backbone.empty())
    refuse("the stages of a row with lafs have part_fvit and fvit as backbones; leave out --backbone");
  const Words& suited = trainable(request.objective).networks;
  if (request.backbone.empty()) request.backbone = suited.front();
  check_word("with the backbone", request.backbone, recipe_backbones());
  if (std::find(suited.begin(), suited.end(), request.backbone) == suited.end())
    refuse(fmt::format("with the objective \"{}\" it writes the backbones {}, not \"{}\"", request.objective, fmt::join(suited, ", "),
                       request.backbone));
  return request;
}

}  // namespace

const Words& recipe_kinds() {
  static const Words kinds{"run", "row", "grid"};
  return kinds;
}

const Words& recipe_objectives() {
  static const Words objectives = [] {
    Words names;
    for (const Trainable& item : trainables()) names.push_back(item.objective);
    return names;
  }();
  return objectives;
}

const Words& recipe_backbones() { return trainable("identification").networks; }

const std::string& encoder_of(const std::string& objective) { return trainable(objective).encoder; }

WrittenRecipe write_recipe(const NewRecipe& given, Registry& registry) {
  const NewRecipe request = completed(given, registry);
  std::vector<fs::path> files{request.file};
  if (request.kind == "grid") files.push_back(run_file_of(request.file));
  for (const fs::path& file : files) {
    if (fs::exists(file)) throw Error(fmt::format("\"{}\" exists already, and is not overwritten; name another file", file.string()));
  }
  const RecipeTexts texts = recipe_texts(request, registry);
  make_folder_of(request.file);
  formats::write_atomically(files.front(), texts.recipe);
  if (files.size() > 1) formats::write_atomically(files.back(), texts.run);
  return {files, texts.notes};
}

std::string recipe_advice(const NewRecipe& request) {
  const std::string file = request.file.string();
  return request.kind == "grid" ? fmt::format("\nlook at it, run it:\n\n  lafs ablate {0} --dry-run\n  lafs ablate {0}\n", file)
                                : fmt::format("\nlook at it, run it:\n\n  lafs plan {0}\n  lafs run {0}\n", file);
}

}  // namespace lafs
