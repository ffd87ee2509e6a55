#include "runner/tools/ablate/dry_run.h"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "kernel/ledger/json_file.h"
#include "kernel/ledger/run_folder.h"
#include "kernel/results/text_width.h"
#include "runner/tools/plan/plan.h"
#include "runner/tools/plan/time_text.h"

namespace lafs {

namespace {

/// The different stages of one name.
struct StageCount {
  std::string name;
  std::set<std::string> keys;
  int64_t finished = 0, begun = 0;
  int64_t to_measure = 0;                    ///< of those that are finished, again, on other data than before
  const AblationCell* first_open = nullptr;  ///< a cell with one that is to be run
  double seconds_each = 0;                   ///< 0: not known

  int64_t open() const { return static_cast<int64_t>(keys.size()) - finished; }
};

bool is_measured_again(const AblationCell& cell, size_t stage) {
  if (stage >= cell.evaluation_data.size()) return false;
  const nlohmann::json results = json_or_nothing(cell.row.stages[stage].folder / "results.json");
  return results.is_object() && cell.evaluation_data[stage].differs_from(text_under(results, "evaluation_data"));
}

std::vector<StageCount> count_stages(const std::vector<const AblationCell*>& cells) {
  std::vector<StageCount> counts;
  for (const AblationCell* cell : cells) {
    for (size_t i = 0; i < cell->facts.size(); ++i) {
      const std::string& name = cell->row.stages[i].name;
      auto known = std::find_if(counts.begin(), counts.end(), [&](const StageCount& count) { return count.name == name; });
      if (known == counts.end()) known = counts.insert(counts.end(), StageCount{.name = name});
      if (!known->keys.insert(cell->facts[i].key()).second) continue;
      const auto& folder = cell->row.stages[i].folder;
      if (std::filesystem::exists(folder / "results.json")) {
        ++known->finished;
        known->to_measure += is_measured_again(*cell, i) ? 1 : 0;
        continue;
      }
      if (holds_run(folder)) ++known->begun;
      if (!known->first_open) known->first_open = cell;
    }
  }
  return counts;
}

/// What a plan of the stage's first run says it takes.
double seconds_of(const StageCount& count, double probe_seconds) {
  double seconds = 0;
  PlanOptions options;
  options.probe_seconds = probe_seconds;
  plan_stages(count.first_open->row, count.name, options, [&](const nlohmann::json& plan) {
    for (const char* key : {"probe", "estimate"}) {
      if (plan.contains(key)) seconds = plan.at(key).at("seconds_estimate").get<double>();
    }
  });
  return seconds;
}

std::string stages_text(const std::vector<StageCount>& counts) {
  std::string out =
      fmt::format("{:<20}{:>10}{:>10}{:>8}{:>8}{:>16}\n", "stage", "different", "finished", "begun", "to run", "time of each");
  for (const StageCount& count : counts) {
    out +=
        fmt::format("{}{:>10}{:>10}{:>8}{:>8}{:>16}\n", padded_right(count.name.empty() ? "(the run)" : count.name, 20), count.keys.size(),
                    count.finished, count.begun, count.open(), count.seconds_each > 0 ? "about " + time_text(count.seconds_each) : "-");
  }
  int64_t to_measure = 0;
  for (const StageCount& count : counts) to_measure += count.to_measure;
  if (to_measure > 0)
    out += fmt::format("\n{} finished stage{} measured again, because the pictures to measure on have changed\n", to_measure,
                       to_measure == 1 ? " is" : "s are");
  return out;
}

}  // namespace

std::string dry_run_text(const std::vector<const AblationCell*>& cells, double probe_seconds) {
  const auto finished = std::count_if(cells.begin(), cells.end(), [](const AblationCell* cell) { return is_finished(*cell); });
  std::vector<StageCount> counts = count_stages(cells);
  const auto open = std::count_if(counts.begin(), counts.end(), [](const StageCount& count) { return count.first_open; });
  double seconds = 0;
  for (StageCount& count : counts) {
    if (!count.first_open || probe_seconds <= 0) continue;
    count.seconds_each = seconds_of(count, probe_seconds / static_cast<double>(open));
    seconds += count.seconds_each * static_cast<double>(count.open());
  }
  std::string out = fmt::format("{} cells, {} of them finished\n\n{}", cells.size(), finished, stages_text(counts));
  if (seconds > 0) out += fmt::format("\nabout {} in one job, without evaluations\n", time_text(seconds));
  return out;
}

}  // namespace lafs
