#include "runner/tools/ablate/ablate.h"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <iostream>
#include <set>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "kernel/ledger/manifest.h"
#include "kernel/recipe/data_folders.h"
#include "kernel/results/json_text.h"
#include "kernel/results/study_json.h"
#include "kernel/run/ablation.h"
#include "kernel/run/grid_folder.h"
#include "kernel/run/interrupt.h"
#include "lafs/content_hashed.h"
#include "runner/report/run_reports.h"
#include "runner/report/say.h"
#include "runner/tools/ablate/dry_run.h"
#include "runner/tools/ablate/jobs.h"
#include "runner/tools/check/check.h"
#include "runner/tools/table/grid_report.h"
#include "runner/tools/table/read_study.h"

namespace lafs {

namespace fs = std::filesystem;

namespace {

constexpr double many_cells = 1000;

/// A grid is easily larger than meant: three more axes of ten settings make it a thousand times as large.
void require_meant(const Grid& grid, bool yes) {
  if (yes || grid.size() <= many_cells) return;
  const std::string size = fmt::format("{} has {:.0f} cells", grid.file.string(), grid.size());
  if (!isatty(STDIN_FILENO)) throw Error(size + "; give --yes if that is meant");
  say("{}. Run them? [y/N] ", size);
  std::string answer;
  std::getline(std::cin, answer);
  if (answer != "y" && answer != "Y" && answer != "yes") throw Error("nothing was run");
}

fs::path folder_of(const AblateRequest& request) {
  return fs::absolute(request.out.empty() ? fs::path("runs") / request.grid.stem() : request.out).lexically_normal();
}

Ledger ledger_of(const AblateRequest& request) {
  if (!request.ledger.empty()) return Ledger(request.ledger);
  return Ledger(request.out.empty() ? fs::path(default_ledger) : request.out / "stages");
}

/// Whether another process has just begun there: it makes the ledger first, and the record of the grid when all cells are checked.
bool is_being_made(const fs::path& folder) {
  const auto is_first = [](const fs::directory_entry& entry) {
    const std::string name = entry.path().filename().string();
    return name == "stages" || name.starts_with(".grid.json.");
  };
  std::error_code ignored;
  return std::all_of(fs::directory_iterator(folder, ignored), fs::directory_iterator(), is_first);
}

void require_grid_folder(const fs::path& folder) {
  std::error_code ignored;
  if (!fs::exists(folder, ignored) || is_grid_folder(folder) || is_being_made(folder)) return;
  throw Error(fmt::format("\"{}\" is not empty, and no folder of a grid; give a new folder as --out", folder.string()));
}

/// Checks every different stage that is still to be run, before the first one is.
void check_cells(const std::vector<const AblationCell*>& cells) {
  CellMistakes mistakes;
  std::set<std::string> checked;
  for (const AblationCell* cell : cells) {
    if (is_finished(*cell)) continue;
    for (const Stage& stage : cell->row.stages) {
      if (checked.insert(stage.recipe.evaluation_identity).second) mistakes.add(cell->cell, check_stage(cell->row, stage).errors);
    }
  }
  mistakes.throw_if_any();
}

std::vector<const AblationCell*> shard_of(const std::vector<AblationCell>& cells, const Shard& shard) {
  std::vector<const AblationCell*> chosen;
  for (size_t i = static_cast<size_t>(shard.number) - 1; i < cells.size(); i += static_cast<size_t>(shard.count))
    chosen.push_back(&cells[i]);
  return chosen;
}

std::vector<RecordedCell> recorded(const std::vector<AblationCell>& cells) {
  std::vector<RecordedCell> out;
  for (const AblationCell& cell : cells) out.push_back({cell.cell.name, cell.cell.labels, cell.cell.seed, cell.row.identity});
  return out;
}

/// Says of finished cells which plugins were built again since: their results are taken as they are.
void note_rebuilt(const std::vector<const AblationCell*>& cells, const Registry& registry) {
  std::set<std::string> said;
  std::set<fs::path> read;  // cells share stages
  for (const AblationCell* cell : cells) {
    for (const Stage& stage : cell->row.stages) {
      if (!read.insert(stage.folder).second) continue;
      for (const std::string& note : rebuilt_plugins(stage.folder, registry)) said.insert(note);
    }
  }
  for (const std::string& note : said) say("{}\n", note);
}

/// That some of the cells that are to be run have their data: a folder whose name is mistyped is missing for all.
void require_data(const std::vector<const AblationCell*>& cells) {
  std::set<fs::path> missing;
  for (const AblationCell* cell : cells) {
    if (is_finished(*cell)) continue;
    std::set<fs::path> of_cell;
    for (const Stage& stage : cell->row.stages) {
      if (!fs::exists(stage.folder / "results.json")) of_cell.merge(missing_data(stage.recipe));
    }
    if (of_cell.empty()) return;
    missing.merge(of_cell);
  }
  if (missing.empty()) return;
  throw Error(fmt::format("there is nothing at \"{}\"{}, so that no cell can be run", missing.begin()->string(),
                          missing.size() == 1 ? "" : fmt::format(" and {} other paths of the recipe", missing.size() - 1)));
}

/// Says of finished cells why nobody can tell whether they were measured on the data of now.
void note_unseen_data(const std::vector<const AblationCell*>& cells) {
  std::set<std::string> said;
  for (const AblationCell* cell : cells) {
    if (!is_finished(*cell)) continue;
    for (const EvaluationData::Look& look : cell->evaluation_data)
      if (!look.fault.empty() && said.insert(look.fault).second) say("{}\n", look.fault);
  }
}

/// A line for each cell that begins or fails.
class CellLines final : public CellListener {
 public:
  explicit CellLines(bool quiet) : quiet_(quiet) {}
  void cell_started(const AblationCell& cell, int64_t number, int64_t count) override {
    if (!quiet_) say("cell {} of {}: {}\n", number, count, cell.cell.name);
  }
  void cell_failed(const AblationCell& cell, const std::string& reason) override {
    say("cell {} failed: {}; going on with the others\n", cell.cell.name, reason);
  }

 private:
  bool quiet_;
};

AblationOutcome run_here(const AblateRequest& request, const std::vector<const AblationCell*>& cells, const Registry& registry,
                         const Ledger& ledger) {
  RunReports reports(request.quiet);
  CellLines lines(request.quiet);
  return run_ablation({cells, registry, ledger, request.command, &lines, &reports});
}

void print_table(const AblateRequest& request, const fs::path& folder) {
  const Study study = read_study({folder});
  const StudyTable table = study_table(study, table_options({}, {folder}));
  write_grid_report(folder, table);
  fmt::print("{}", request.json ? json_text(study_table_json(table)) + "\n" : study_table_text(table, "text"));
  if (!request.quiet) say("see {}\n", (folder / "report.html").string());
}

}  // namespace

Shard shard_of(const std::string& text) {
  Shard shard;
  const char* end = text.data() + text.size();
  const auto [slash, first] = std::from_chars(text.data(), end, shard.number);
  const bool two = first == std::errc() && slash != end && *slash == '/';
  const auto last = two ? std::from_chars(slash + 1, end, shard.count) : std::from_chars_result{slash, std::errc::invalid_argument};
  if (last.ec != std::errc() || last.ptr != end || shard.number < 1 || shard.count < shard.number)
    throw Error(fmt::format("\"{}\" is no part of a grid: write 2/8 for the second of eight", text));
  return shard;
}

AblateEnd ablate(const AblateRequest& request, Registry& registry) {
  const Grid grid = read_grid(request.grid, request.context);
  require_meant(grid, request.yes);
  const fs::path folder = folder_of(request);
  require_grid_folder(folder);
  const Ledger ledger = ledger_of(request);
  catch_interrupts();
  RunReports reading(request.quiet);
  const std::vector<AblationCell> all = open_cells(grid, registry, folder, ledger, {&reading});
  const auto cells = shard_of(all, request.shard);
  note_rebuilt(cells, registry);
  note_unseen_data(cells);
  check_cells(cells);
  if (request.dry_run) {
    fmt::print("{}", dry_run_text(cells, request.probe_seconds));
    return AblateEnd::done;
  }
  require_data(cells);
  write_grid_record(folder, grid, recorded(all));
  const AblationOutcome outcome = request.jobs > 1 ? run_jobs(request, folder, ledger, cells) : run_here(request, cells, registry, ledger);
  if (outcome.interrupted) {
    say("stopped by {}; run the same command to continue\n", interrupt_name());
    return AblateEnd::interrupted;
  }
  print_table(request, folder);
  return outcome.failed > 0 ? AblateEnd::failed : AblateEnd::done;
}

}  // namespace lafs
