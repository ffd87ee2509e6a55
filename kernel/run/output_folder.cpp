#include "kernel/run/output_folder.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <string>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "formats/file_text.h"
#include "formats/path_within.h"
#include "kernel/ledger/checkpoint_folder.h"
#include "kernel/ledger/json_file.h"
#include "kernel/ledger/run_folder.h"
#include "kernel/recipe/data_folders.h"
#include "lafs/error.h"

namespace lafs {

namespace fs = std::filesystem;

namespace {

fs::path real(const fs::path& path) {
  std::error_code ignored;
  const fs::path found = fs::weakly_canonical(path, ignored);
  return ignored ? fs::absolute(path) : found;
}

/// The first few names in a folder, for an error.
std::string content(const fs::path& folder) {
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) names.insert(entry.path().filename().string());
  const size_t shown = std::min<size_t>(names.size(), 3);
  const auto end = std::next(names.begin(), static_cast<std::ptrdiff_t>(shown));
  const std::string text = fmt::format("\"{}\"", fmt::join(names.begin(), end, "\", \""));
  return names.size() > shown ? fmt::format("{} and {} more", text, names.size() - shown) : text;
}

void require_no_data(const Recipe& recipe, const fs::path& folder) {
  for (const fs::path& data : data_folders(recipe)) {
    if (formats::is_within(real(folder), real(data)))
      throw Error(fmt::format("\"{}\" lies in the recipe's data folder \"{}\", where nothing is written; give another --out",
                              folder.string(), data.string()));
  }
}

/// Whether the text is the recipe that the run in the folder was trained with, which the folder's last checkpoint holds as well.
bool wrote(const fs::path& folder, const std::string& text) {
  const auto whole = CheckpointFolder(folder).survey().whole;
  return !whole.empty() && whole.front().facts.recipe == text;
}

/// Whether a row has left its results there.
bool is_row_result(const fs::path& folder) {
  const auto results = json_or_nothing(folder / "results.json");
  return results.is_object() && results.contains("row") && results.contains("stages");
}

}  // namespace

const fs::path& require_run_folder(const Recipe& recipe, const fs::path& folder) {
  require_no_data(recipe, folder);
  if (holds_nothing(folder)) return folder;
  std::error_code ignored;
  if (!fs::is_directory(folder, ignored)) return folder;  // the error of making the folder says it better
  const bool own_recipe = real(folder / "recipe.toml") == real(recipe.file);
  const std::string own = own_recipe ? formats::file_text(recipe.file).value_or("") : "";
  if (own_recipe && own != recipe.resolved && !wrote(folder, own)) {
    throw Error(fmt::format("\"{}\" is the recipe itself, which a run in \"{}\" would overwrite; give another --out, such as \"{}\"",
                            recipe.file.string(), folder.string(), (folder / "run").string()));
  }
  if (is_run_of_lafs(folder)) return folder;
  require_free(folder);  // a run that has just begun has no manifest yet
  if (is_run_of_lafs(folder)) return folder;
  if (const auto runs = runs_in(folder); !runs.empty() && is_run_of_lafs(folder / runs.front())) {
    throw Error(fmt::format("\"{}\" holds other runs, as of a row of stages; give another --out", folder.string()));
  }
  throw Error(
      fmt::format("\"{}\" holds {}, and no run of lafs; give an empty folder or a new one as --out", folder.string(), content(folder)));
}

void require_row_folder(const Row& row, bool stages_elsewhere) {
  for (const Stage& stage : row.stages) {
    require_no_data(stage.recipe, row.folder);
    require_no_data(stage.recipe, stage.folder);
  }
  if (is_run_of_lafs(row.folder))
    throw Error(fmt::format("\"{}\" holds a run of its own; give the row another --out", row.folder.string()));
  std::error_code ignored;
  if (holds_nothing(row.folder) || !fs::is_directory(row.folder, ignored)) return;
  const auto is_ours = [&](const Stage& stage) {
    if (stages_elsewhere) return fs::is_symlink(row.link_of(stage), ignored);
    return is_run_of_lafs(stage.folder) || (fs::exists(stage.folder) && holds_nothing(stage.folder));
  };
  if (std::any_of(row.stages.begin(), row.stages.end(), is_ours) || is_row_result(row.folder)) return;
  throw Error(fmt::format("\"{}\" holds {}, and no stage of this row; give an empty folder or a new one as --out", row.folder.string(),
                          content(row.folder)));
}

}  // namespace lafs
