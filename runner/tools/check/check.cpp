#include "runner/tools/check/check.h"

#include <algorithm>
#include <cstdio>
#include <functional>
#include <initializer_list>
#include <system_error>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "kernel/model/assembly.h"
#include "kernel/model/load.h"
#include "kernel/ranks/device.h"
#include "kernel/recipe/data_folders.h"
#include "kernel/recipe/layers.h"
#include "kernel/run/row_session.h"
#include "kernel/train/trainer.h"
#include "nn/layers/tree.h"
#include "runner/report/say.h"
#include "runner/tools/check/check_inputs.h"

namespace lafs {

namespace {

namespace fs = std::filesystem;

bool is_recipe(const fs::path& file) {
  return file.extension() == ".toml" && std::none_of(file.begin(), file.end(), [](const fs::path& part) { return part == "base"; });
}

/// Evaluators and nothing to train: a recipe for `lafs eval --recipe`.
bool only_measures(const Recipe& recipe) {
  const std::initializer_list<const AnyUse*> trained{&recipe.data_source, &recipe.augmentation, &recipe.backbone, &recipe.projector,
                                                     &recipe.head,        &recipe.objective,    &recipe.optimizer};
  return !recipe.evaluators.empty() && std::all_of(trained.begin(), trained.end(), [](const AnyUse* use) { return use->empty(); });
}

/// Throws what is wrong with the recipe itself; `note` gets warnings.
void check(const Recipe& recipe, const std::function<void(const std::string&)>& note) {
  if (only_measures(recipe)) return;
  std::vector<std::string> missing;  // data may be missing: other recipes may inherit this one
  for (const AnyUse* use : std::initializer_list<const AnyUse*>{&recipe.augmentation, &recipe.objective, &recipe.optimizer}) {
    if (use->empty()) missing.push_back(fmt::format("[{}]", use->kind()));
  }
  if (!missing.empty()) throw Error(fmt::format("the recipe has no {}", fmt::join(missing, ", no ")));
  RecipeAssembly assembly(recipe, RecipeAssembly::Data::closed, note);
  Trainer trainer(recipe, assembly, at::kCPU);  // no weight is written, so that the system never gives them memory
  for (const InitEntry& init : recipe.init) placed(init, [&] { nn::submodule(trainer.root(), init.into); });
  trainer.encoder();
}

/// What is printed of a recipe without mistakes: of a row for all its stages.
std::string ok_line(const std::vector<CheckedRecipe>& stages) {
  std::set<fs::path> missing;
  for (const CheckedRecipe& stage : stages) missing.insert(stage.missing_data.begin(), stage.missing_data.end());
  const CheckedRecipe& first = stages.front();
  std::string line = fmt::format("{}: ok", first.file.string());
  if (first.cells > 0) line += fmt::format(", {} cells", first.cells);
  if (!missing.empty()) line += fmt::format("; data not found: \"{}\"", missing.begin()->string());
  if (missing.size() > 1) line += fmt::format(" and {} other path{}", missing.size() - 1, missing.size() == 2 ? "" : "s");
  return line + "\n";
}

bool is_grid_file(const fs::path& file) { return is_grid(read_document(file)); }

}  // namespace

std::vector<std::string> errors_of(const std::string& title, const std::function<void()>& action) {
  try {
    action();
  } catch (const RecipeError& error) {
    return error.lines();
  } catch (const PlacedError& error) {
    return {error.what()};
  } catch (const std::exception& error) {
    return {fmt::format("{}: error: {}", title, sentence_of(error))};
  }
  return {};
}

std::vector<fs::path> recipes_in(const fs::path& path) {
  if (!fs::is_directory(path)) return {path};
  std::vector<fs::path> files;
  std::error_code error, broken;
  for (fs::recursive_directory_iterator entry(path, error), end; !error && entry != end; entry.increment(error)) {
    if (entry->is_regular_file(broken) && is_recipe(fs::relative(entry->path(), path))) files.push_back(entry->path());
  }
  if (error) throw RecipeError({fmt::format("{}: error: the folder cannot be searched: {}", path.string(), error.message())});
  std::sort(files.begin(), files.end());
  if (files.empty()) throw RecipeError({fmt::format("{}: error: the folder has no recipe", path.string())});
  return files;
}

CheckedRecipe check_stage(const Row& row, const Stage& stage) {
  const std::string title = title_of(row, stage);
  CheckedRecipe result{
      .file = row.file, .stage = stage.name, .resolved = stage.recipe.resolved, .missing_data = missing_data(stage.recipe)};
  const auto warn = [&](const std::string& text) { result.warnings.push_back(fmt::format("{}: warning: {}", title, text)); };
  result.errors = errors_of(title, [&] {
    check(stage.recipe, warn);
    check_inputs(row, stage);
  });
  return result;
}

std::vector<CheckedRecipe> check_recipe(const fs::path& file, const std::string& stage, const RecipeContext& context, Registry& registry) {
  use_threads(1);  // nothing is computed, and a team of threads would only wait for the next small fill
  Row row;
  std::vector<const Stage*> chosen;
  bool grid = false;
  const auto errors = errors_of(file.string(), [&] {
    grid = is_grid_file(file);
    if (grid) return;
    row = open_row(file, context, registry);
    chosen = chosen_stages(row, stage);
  });
  if (!errors.empty()) return {{.file = file, .errors = errors}};
  if (grid) return {check_grid(file, stage, context, registry)};
  std::vector<CheckedRecipe> results;
  for (const Stage* one : chosen) {
    results.push_back(check_stage(row, *one));
    results.back().file = file;  // as it was named
  }
  return results;
}

void print_checked(const std::vector<CheckedRecipe>& stages, bool resolved) {
  bool right = true;
  for (const CheckedRecipe& stage : stages) {
    right = right && stage.errors.empty();
    for (const auto* lines : {&stage.errors, &stage.warnings}) {
      for (const std::string& line : *lines) say("{}\n", line);
    }
    if (!resolved || !stage.errors.empty() || stage.cells > 0) continue;
    if (stages.size() > 1) fmt::print("# stage {}\n\n", stage.stage);
    fmt::print("{}", stage.resolved);
  }
  if (right && (!resolved || stages.front().cells > 0)) fmt::print("{}", ok_line(stages));
}

nlohmann::json checked_json(const std::vector<CheckedRecipe>& recipes) {
  nlohmann::json report = nlohmann::json::array();
  for (const CheckedRecipe& recipe : recipes) {
    nlohmann::json missing = nlohmann::json::array();
    for (const fs::path& path : recipe.missing_data) missing.push_back(path.string());
    report.push_back(
        {{"recipe", recipe.file.string()}, {"errors", recipe.errors}, {"warnings", recipe.warnings}, {"missing_data", missing}});
    if (!recipe.stage.empty()) report.back()["stage"] = recipe.stage;
    if (recipe.cells > 0) report.back()["cells"] = recipe.cells;
  }
  return report;
}

}  // namespace lafs
