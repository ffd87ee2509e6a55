#include "kernel/run/ablation.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <set>
#include <system_error>
#include <thread>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "kernel/ledger/file_lock.h"
#include "kernel/ledger/json_file.h"
#include "kernel/run/grid_folder.h"
#include "kernel/run/interrupt.h"
#include "kernel/run/ledger_places.h"
#include "lafs/content_hashed.h"

namespace lafs {

namespace fs = std::filesystem;

namespace {

/// A disk on which nothing can be written keeps no note of a failure either.
void require_space(const fs::path& folder) {
  constexpr std::uintmax_t least = 1 << 20;
  std::error_code unknown;
  const fs::space_info space = fs::space(folder, unknown);
  if (!unknown && space.available < least)
    throw Error(fmt::format("the disk of \"{}\" is full: make room and run the same command to continue", folder.string()));
}

bool is_in_use(const fs::path& run_folder) {
  std::error_code ignored;
  return fs::exists(run_folder / ".lock", ignored) && !FileLock(run_folder / ".lock").held();
}

class Ablation {
 public:
  Ablation(const AblationRequest& request, CellListener& listener) : request_(request), listener_(listener) {}

  AblationOutcome run() {
    std::vector<const AblationCell*> waiting = request_.cells;
    while (!waiting.empty() && !outcome_.interrupted) {
      const size_t before = waiting.size();
      waiting = pass(waiting);
      if (waiting.size() == before && !outcome_.interrupted) std::this_thread::sleep_for(std::chrono::seconds(1));
    }
    return outcome_;
  }

 private:
  /// Runs each cell in turn, and returns those that wait for other processes.
  std::vector<const AblationCell*> pass(const std::vector<const AblationCell*>& cells) {
    std::vector<const AblationCell*> left;
    for (const AblationCell* cell : cells) {
      if (outcome_.interrupted) break;
      if (is_finished(*cell)) {
        ++outcome_.finished_before;
      } else if (!run_cell(*cell)) {
        left.push_back(cell);
      }
    }
    return left;
  }

  /// False for a cell that has to wait. One that waited is left alone until its stage is free: each look at it would be told to people.
  bool run_cell(const AblationCell& cell) {
    if (const auto stage = waits_for_.find(&cell); stage != waits_for_.end() && is_in_use(stage->second)) return false;
    if (const auto failed = failed_before(cell); !failed.empty()) {
      fail(cell, failed);
      return true;
    }
    start(cell);
    try {
      const RowOutcome outcome = run_row({cell.row,
                                          request_.registry,
                                          "",
                                          request_.command,
                                          request_.row_listener,
                                          "",
                                          {&request_.ledger, cell.facts},
                                          StageInUse::leave});
      if (outcome.left) waits_for_[&cell] = outcome.left->folder;
      if (outcome.left) return false;
      outcome_.interrupted = outcome.stopped != nullptr;
      if (!outcome_.interrupted) finish(cell);
    } catch (const StoppedReading&) {
      outcome_.interrupted = true;
    } catch (const std::exception& error) {
      fail(cell, sentence_of(error));
    }
    return true;
  }

  void start(const AblationCell& cell) {
    if (!started_.insert(&cell).second) return;
    const auto at = std::find(request_.cells.begin(), request_.cells.end(), &cell);
    listener_.cell_started(cell, at - request_.cells.begin() + 1, static_cast<int64_t>(request_.cells.size()));
  }

  void finish(const AblationCell& cell) {
    note_cell_failure(cell.row.folder, "");
    ++outcome_.finished;
    listener_.cell_finished(cell);
  }

  void fail(const AblationCell& cell, const std::string& reason) {
    require_space(request_.ledger.root());
    note_cell_failure(cell.row.folder, reason);
    for (size_t i = 0; i < cell.facts.size(); ++i) {
      if (cell.row.stages[i].name.empty() || reason.starts_with(fmt::format("stage \"{}\": ", cell.row.stages[i].name)))
        failures_.emplace(cell.facts[i].key(), reason);
    }
    ++outcome_.failed;
    listener_.cell_failed(cell, reason);
  }

  /// Why a stage of the cell failed when another cell needed it; empty where none did.
  std::string failed_before(const AblationCell& cell) const {
    for (const StageFacts& facts : cell.facts) {
      const auto known = failures_.find(facts.key());
      if (known != failures_.end()) return known->second;
    }
    return "";
  }

  const AblationRequest& request_;
  CellListener& listener_;
  AblationOutcome outcome_;
  std::set<const AblationCell*> started_;
  std::map<const AblationCell*, fs::path> waits_for_;  ///< run folder that another process uses
  std::map<std::string, std::string> failures_;        ///< by the key of the stage
};

/// What makes two cells the same training; empty where that cannot be known, because training data is not there.
std::string training_of(const AblationCell& cell) {
  std::string keys;
  for (const StageFacts& facts : cell.facts) {
    if (facts.data.empty()) return "";
    keys += facts.key();
  }
  return keys;
}

void require_different(const std::vector<AblationCell>& cells) {
  std::map<std::string, const AblationCell*> known;
  for (const AblationCell& cell : cells) {
    const std::string training = training_of(cell);
    if (training.empty()) continue;
    const auto [first, is_new] = known.emplace(training, &cell);
    if (is_new) continue;
    throw Error(
        fmt::format("cells \"{}\" and \"{}\" are the same training, and would be counted as two: what differs between them has no "
                    "effect on any stage; leave one out with [[grid.exclude]]",
                    first->second->cell.name, cell.cell.name));
  }
}

}  // namespace

std::vector<AblationCell> open_cells(const Grid& grid, Registry& registry, const fs::path& folder, const Ledger& ledger,
                                     const RunListeners& listeners) {
  std::vector<AblationCell> cells;
  CellMistakes mistakes;
  for (GridCell& cell : grid_cells(grid)) {
    try {
      Row row = open_row(cell.recipe, cell.context, registry, cell_folder(fs::absolute(folder), cell.name));
      cells.push_back({std::move(cell), std::move(row), {}, {}});
    } catch (const RecipeError& error) {
      mistakes.add(cell, error.lines());
    }
  }
  mistakes.throw_if_any();
  LedgerPlaces places(ledger, listeners);
  EvaluationData evaluation_data(listeners);
  for (AblationCell& cell : cells) {
    cell.facts = places.place(cell.row);
    if (!fs::exists(cell.row.folder / "results.json")) continue;
    for (const Stage& stage : cell.row.stages) cell.evaluation_data.push_back(evaluation_data.of(stage.recipe));
  }
  require_different(cells);
  return cells;
}

bool is_finished(const AblationCell& cell) {
  const auto results = json_or_nothing(cell.row.folder / "results.json");
  const auto stages = results.is_object() ? results.find("stages") : results.end();
  if (!results.is_object() || stages == results.end() || !stages->is_array() || stages->size() != cell.row.stages.size()) return false;
  for (size_t i = 0; i < cell.row.stages.size(); ++i) {
    const Stage& stage = cell.row.stages[i];
    const nlohmann::json& known = (*stages)[i];
    if (text_under(known, "identity") != stage.recipe.identity || text_under(known, "folder") != stage.folder.string() ||
        text_under(known, "evaluation_identity") != stage.recipe.evaluation_identity)
      return false;
    if (i < cell.evaluation_data.size() && cell.evaluation_data[i].differs_from(text_under(known, "evaluation_data"))) return false;
  }
  return true;
}

AblationOutcome run_ablation(const AblationRequest& request) {
  CellListener silent;
  return Ablation(request, request.cells_listener ? *request.cells_listener : silent).run();
}

}  // namespace lafs
