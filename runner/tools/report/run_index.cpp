#include "runner/tools/report/run_index.h"

#include <algorithm>
#include <chrono>
#include <fstream>
#include <optional>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "formats/file_text.h"
#include "kernel/ledger/json_file.h"
#include "kernel/results/results_json.h"
#include "kernel/results/results_table.h"
#include "kernel/run/grid_folder.h"
#include "lafs/error.h"
#include "runner/report/headline.h"
#include "runner/report/page.h"
#include "runner/report/recipe_section.h"
#include "runner/report/run_files.h"

namespace lafs {

namespace fs = std::filesystem;

namespace {

constexpr int deepest = 6;             // runs/grid/cells/CELL/STAGE is four below
constexpr int64_t silent_after = 120;  // seconds without a line after which a run is taken for stopped

int64_t now_seconds() {
  return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

/// When a file was last written, in seconds since 1970; 0 where it is absent.
int64_t written_at(const fs::path& file) {
  std::error_code missing;
  const auto time = fs::last_write_time(file, missing);
  if (missing) return 0;
  return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::file_clock::to_sys(time).time_since_epoch()).count();
}

std::optional<IndexedRun::Kind> kind_of(const fs::path& folder) {
  if (is_grid_folder(folder)) return IndexedRun::Kind::grid;
  std::error_code unreadable;
  if (fs::exists(folder / "manifest.json", unreadable)) return IndexedRun::Kind::run;
  if (fs::exists(folder / "results.json", unreadable) && json_or_nothing(folder / "results.json").contains("row"))
    return IndexedRun::Kind::row;
  return std::nullopt;
}

/// The step of the last line of a log; -1 where it has none.
int64_t last_step(const fs::path& file) {
  constexpr std::streamoff tail = 8192;
  std::ifstream in(file, std::ios::binary | std::ios::ate);
  if (!in) return -1;
  in.seekg(-std::min<std::streamoff>(tail, in.tellg()), std::ios::end);
  int64_t step = -1;
  for (std::string line; std::getline(in, line);) {
    const auto parsed = nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false);
    if (parsed.is_object() && parsed.contains("step") && parsed["step"].is_number_integer())
      step = parsed["step"].get<int64_t>() + (parsed.contains("evaluation") ? 0 : 1);
  }
  return step;
}

std::string answer_of(const std::vector<NamedMetrics>& evaluators, const std::string& best) {
  const auto headline = headline_of(evaluators, best);
  return headline ? fmt::format("{} on {}: {}", headline->metric.full_name(), headline->evaluator, metric_text(headline->metric)) : "";
}

void describe_run(IndexedRun& run) {
  const nlohmann::json results = json_or_nothing(run.folder / "results.json");
  const std::string recipe = formats::file_text(run.folder / "recipe.toml").value_or("");
  run.title = recipe_value(recipe, "title");
  run.step = last_step(run.folder / "metrics.jsonl");
  run.state = results.is_object() ? "finished" : now_seconds() - run.changed < silent_after ? "training" : "stopped";
  if (results.is_object()) run.answer = answer_of(results_of(results), recipe_value(recipe, "run.best"));
}

void describe_row(IndexedRun& row) {
  const nlohmann::json results = json_or_nothing(row.folder / "results.json");
  row.title = text_under(results, "title");
  row.state = "finished";
  const nlohmann::json stages = results.value("stages", nlohmann::json::array());
  if (!stages.empty()) row.answer = answer_of(results_of(stages.back()), "");
}

void describe(IndexedRun& run) {
  try {
    if (run.kind == IndexedRun::Kind::run) describe_run(run);
    if (run.kind == IndexedRun::Kind::row) describe_row(run);
    if (run.kind == IndexedRun::Kind::grid) run.title = read_grid_record(run.folder).title;
  } catch (const std::exception& error) {
    run.state = error.what();  // a list of runs is of use although one of them is damaged
  }
}

}  // namespace

RunIndex::RunIndex(fs::path root) : root_(fs::canonical(root)) {}

void RunIndex::visit(const fs::path& folder, int depth, std::map<std::string, IndexedRun>& found) {
  if (const auto kind = kind_of(folder)) {
    IndexedRun run{folder == root_ ? folder_name(root_) : fs::relative(folder, root_).string(), folder, *kind, "", "", "", -1, 0};
    for (const char* file : {"metrics.jsonl", "results.json", "manifest.json", "grid.json"})
      run.changed = std::max(run.changed, written_at(folder / file));
    const auto known = runs_.find(run.name);
    const bool same = known != runs_.end() && known->second.changed == run.changed && known->second.state != "training";
    if (same && now_seconds() - run.changed > 2) {
      run = known->second;
    } else {
      describe(run);
    }
    found.emplace(run.name, std::move(run));
  }
  std::error_code unreadable;
  // A folder may be closed to us, or be deleted while we look.
  for (fs::directory_iterator at(folder, unreadable), end; !unreadable && at != end; at.increment(unreadable)) {
    const fs::directory_entry& entry = *at;
    const std::string name = entry.path().filename().string();
    std::error_code gone;
    if (depth < deepest && !entry.is_symlink(gone) && entry.is_directory(gone) && name != "checkpoints" && name != "scores" &&
        !name.starts_with('.'))
      visit(entry.path(), depth + 1, found);
  }
}

const std::map<std::string, IndexedRun>& RunIndex::read() {
  std::map<std::string, IndexedRun> found;
  visit(root_, 0, found);
  runs_ = std::move(found);
  return runs_;
}

const IndexedRun* RunIndex::find(const fs::path& folder) const {
  std::error_code missing;
  const fs::path whole = fs::canonical(folder, missing);
  if (missing) return nullptr;
  const auto found = std::find_if(runs_.begin(), runs_.end(), [&](const auto& run) { return run.second.folder == whole; });
  return found == runs_.end() ? nullptr : &found->second;
}

nlohmann::json index_json(const std::map<std::string, IndexedRun>& runs) {
  nlohmann::json list = nlohmann::json::array();
  for (const auto& [name, run] : runs) {
    const char* kind = run.kind == IndexedRun::Kind::run ? "run" : run.kind == IndexedRun::Kind::row ? "row" : "grid";
    list.push_back({{"name", name},
                    {"kind", kind},
                    {"title", run.title},
                    {"state", run.state},
                    {"answer", run.answer},
                    {"step", run.step < 0 ? nlohmann::json() : nlohmann::json(run.step)},
                    {"changed", run.changed}});
  }
  return list;
}

}  // namespace lafs
