#include "runner/tools/table/read_study.h"

#include <algorithm>
#include <fstream>
#include <map>
#include <string>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "kernel/ledger/json_file.h"
#include "kernel/ledger/training_notes.h"
#include "kernel/results/results_json.h"
#include "kernel/run/grid_folder.h"
#include "lafs/error.h"
#include "runner/report/telling_names.h"

namespace lafs {

namespace fs = std::filesystem;

namespace {

using Json = nlohmann::json;

/// A run or row that was read, and what it has in common with those that differ in their seed only.
struct ReadRun {
  std::string title, common;  ///< of a row, where it has one; what it has in common
  SeedResults results;
  std::vector<PublishedValue> published;
  std::vector<std::string> deviations;
  std::vector<std::string> notes;  ///< while it trained
};

Json results_in(const fs::path& folder) {
  const Json results = json_or_nothing(folder / "results.json");
  if (results.is_object()) return results;
  throw Error(fmt::format("\"{}\" has no results: it is no folder of a finished run, of a row or of a grid", folder.string()));
}

std::vector<NamedMetrics> metrics_of(const fs::path& folder, const Json& results) {
  try {
    return results_of(results);
  } catch (const Error& error) {
    throw Error(fmt::format("\"{}\": {}", (folder / "results.json").string(), error.what()));
  }
}

std::string common_recipe(const fs::path& run, int64_t& seed);

/// What weights have in common with those of another seed: of a run's checkpoint the recipe of that run, otherwise their place, as the line
/// `from = "..."` gives it.
std::string common_weights(const std::string& line) {
  const size_t first = line.find('"') + 1;
  const fs::path run = fs::path(line.substr(first, line.rfind('"') - first)).parent_path().parent_path();
  int64_t other_seed = 0;
  return fs::exists(run / "recipe.toml") ? common_recipe(run, other_seed) : line + "\n";
}

/// The resolved recipe of a run without its seed, and with the recipes of the runs that its weights come from; the seed goes to `seed`.
std::string common_recipe(const fs::path& run, int64_t& seed) {
  std::ifstream in(run / "recipe.toml");
  std::string common, table;
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with('[')) table = line;
    if (table == "[run]" && line.starts_with("seed = ")) {
      seed = std::atoll(line.c_str() + 7);
    } else if (table == "[[init]]" && line.starts_with("from = ")) {
      common += common_weights(line);
    } else if (table != "[[init]]" || !line.starts_with("identity = ")) {
      common += line + "\n";
    }
  }
  return common;
}

PublishedValue published_of(const Json& json) {
  PublishedValue value;
  value.metric = text_under(json, "metric");
  value.value = json.value("value", 0.0);
  value.tolerance = json.value("tolerance", 0.0);
  value.source = text_under(json, "source");
  value.stage = text_under(json, "stage");
  value.evaluator = text_under(json, "evaluator");
  value.status = text_under(json, "status");
  return value;
}

/// `compared`: the stage whose notes count; empty: the last.
ReadRun read_row_folder(const fs::path& folder, const Json& row, const std::string& compared) {
  ReadRun run{text_under(row, "title"), text_under(row, "row"), {}, {}, row.value("deviations", std::vector<std::string>()), {}};
  for (const Json& stage : row.at("stages")) {
    const std::string name = text_under(stage, "name");
    run.results.stages.emplace_back(name, metrics_of(folder, stage));
    run.common += name + "\n" + common_recipe(text_under(stage, "folder"), run.results.seed);
    if (compared.empty() || name == compared) run.notes = recorded_training_notes(text_under(stage, "folder"));
  }
  for (const Json& published : row.value("published", Json::array())) run.published.push_back(published_of(published));
  return run;
}

ReadRun read_folder(const fs::path& folder) {
  const Json results = results_in(folder);
  if (results.contains("stages") && results.contains("row")) return read_row_folder(folder, results, "");
  ReadRun run{"", "", {}, {}, {}, recorded_training_notes(folder)};
  run.results.stages.emplace_back("", metrics_of(folder, results));
  run.common = common_recipe(folder, run.results.seed);
  return run;
}

std::string joined(const std::vector<std::string>& names) {
  constexpr size_t shown = 5;
  const std::vector<std::string> first(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(std::min(shown, names.size())));
  return fmt::format("{}{}", fmt::join(first, "; "), names.size() > shown ? fmt::format(" and {} more", names.size() - shown) : "");
}

/// What runs noted while they trained, by the line of the study that they are of.
class NotesOfLines {
 public:
  void add(size_t line, const std::vector<std::string>& notes) {
    if (!notes.empty()) notes_[line].push_back(notes);
  }
  /// For each line that has some those of the first run, and how many runs have any.
  void tell(Study& study) const {
    for (const auto& [line, runs] : notes_)
      study.lines[line].warnings.push_back(
          fmt::format("{} run{}: {}", runs.size(), runs.size() == 1 ? "" : "s", fmt::join(runs.front(), "; ")));
  }

 private:
  std::map<size_t, std::vector<std::vector<std::string>>> notes_;  ///< of each run that has some
};

/// Lines of a grid, in the order of its cells.
void add_grid(const fs::path& folder, const GridRecord& grid, Study& study) {
  std::map<std::vector<std::string>, size_t> lines;
  std::vector<std::string> missing, other;
  NotesOfLines notes;
  for (const RecordedCell& cell : grid.cells) {
    const auto [known, is_new] = lines.emplace(cell.labels, study.lines.size());
    if (is_new) study.lines.push_back({cell.labels, {}, {}, {}, {}});
    StudyLine& line = study.lines[known->second];
    const fs::path place = cell_folder(folder, cell.name);
    const Json results = json_or_nothing(place / "results.json");
    if (const std::string failure = cell_failure(place); !failure.empty()) {
      line.troubles.push_back(fmt::format("{} failed: {}", cell.name, failure));
    } else if (!results.is_object()) {
      missing.push_back(cell.name);
    } else if (!cell.identity.empty() && text_under(results, "identity") != cell.identity) {
      other.push_back(cell.name);
    } else {
      ReadRun run = read_row_folder(place, results, grid.stage);
      notes.add(known->second, run.notes);
      run.results.seed = cell.seed;
      line.seeds.push_back(std::move(run.results));
      line.published = std::move(run.published);
      line.deviations = std::move(run.deviations);
    }
  }
  if (!missing.empty())
    study.lines.back().troubles.push_back(
        fmt::format("not run yet: {} of {} cells: {}", missing.size(), grid.cells.size(), joined(missing)));
  if (!other.empty())
    study.lines.back().troubles.push_back(
        fmt::format("left out, because they were measured with other settings than the grid was last run "
                    "with: {} of {} cells: {}",
                    other.size(), grid.cells.size(), joined(other)));
  notes.tell(study);
}

/// A line of runs that have something in common, and how these are called.
struct RunsInCommon {
  std::string title;
  std::vector<std::string> names;
};

/// The title of the rows if no other line is called that, otherwise the first of their names.
std::string label_of(const RunsInCommon& runs, const std::vector<RunsInCommon>& all) {
  const auto is_called = [&](const RunsInCommon& other) { return other.title == runs.title || other.names.front() == runs.title; };
  if (!runs.title.empty() && std::count_if(all.begin(), all.end(), is_called) == 1) return runs.title;
  const size_t others = runs.names.size() - 1;
  return others == 0 ? runs.names.front() : fmt::format("{} and {} more", runs.names.front(), others);
}

/// Runs and rows, each a line with those that differ in their seed only.
void add_runs(const std::vector<fs::path>& folders, Study& study) {
  const std::vector<std::string> names = telling_names(folders);
  std::map<std::string, size_t> lines;
  std::vector<RunsInCommon> runs;
  NotesOfLines notes;
  for (size_t i = 0; i < folders.size(); ++i) {
    if (is_grid_folder(folders[i]))
      throw Error(fmt::format("\"{}\" is the folder of a grid, which makes a table of its own", folders[i].string()));
    ReadRun run = read_folder(folders[i]);
    const auto [known, is_new] = lines.emplace(run.common, study.lines.size());
    if (is_new) {
      study.lines.push_back({{}, {}, {}, run.published, run.deviations});
      runs.push_back({run.title, {}});
    }
    notes.add(known->second, run.notes);
    runs[known->second].names.push_back(names[i]);
    study.lines[known->second].seeds.push_back(std::move(run.results));
  }
  for (size_t line = 0; line < runs.size(); ++line) study.lines[line].labels = {label_of(runs[line], runs)};
  notes.tell(study);
}

}  // namespace

Study read_study(const std::vector<fs::path>& folders) {
  Study study;
  if (folders.size() == 1 && is_grid_folder(folders.front())) {
    const GridRecord grid = read_grid_record(folders.front());
    study.title = grid.title;
    study.label_names = grid.axes;
    add_grid(folders.front(), grid, study);
    return study;
  }
  study.label_names = {"run"};
  add_runs(folders, study);
  return study;
}

StudyTableOptions table_options(StudyTableOptions given, const std::vector<fs::path>& folders) {
  if (folders.size() != 1 || !is_grid_folder(folders.front())) return given;
  const GridRecord grid = read_grid_record(folders.front());
  if (given.stage.empty()) given.stage = grid.stage;
  if (given.metrics.empty() && !given.all) given.metrics = grid.metrics;
  return given;
}

}  // namespace lafs
