#include "runner/tools/ledger/ledger_list.h"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "kernel/results/text_width.h"
#include "lafs/parallel.h"

namespace lafs {

namespace {

std::string state_of(const StageProgress& progress) {
  if (progress.finished) return "finished";
  return progress.user.empty() ? "begun" : "in use";
}

std::string state_text(const StageProgress& progress) {
  if (progress.finished) return progress.has_weights ? "finished" : "finished, weights deleted";
  const std::string at = progress.step < 0 ? "no checkpoint yet" : fmt::format("step {}", progress.step);
  return fmt::format("{}, {}", progress.user.empty() ? "stopped" : "in use by " + progress.user, at);
}

int64_t bytes_of(const std::vector<ListedStage>& stages) {
  int64_t bytes = 0;
  for (const ListedStage& listed : stages) bytes += listed.progress.bytes;
  return bytes;
}

}  // namespace

std::vector<ListedStage> list_stages(const Ledger& ledger) {
  std::vector<ListedStage> listed;
  for (LedgerStage& stage : ledger.stages()) listed.push_back({std::move(stage), {}});
  for_blocks(0, static_cast<int64_t>(listed.size()), 64, hardware_threads(), [&](int64_t first, int64_t past) {
    for (int64_t i = first; i < past; ++i) {
      ListedStage& one = listed[static_cast<size_t>(i)];
      one.progress = stage_progress(one.stage);
    }
  });
  return listed;
}

std::string ledger_text(const Ledger& ledger, const std::vector<ListedStage>& stages) {
  if (stages.empty()) return fmt::format("no stages in {}\n", ledger.root().string());
  size_t width = 5;
  for (const ListedStage& listed : stages) width = std::max(width, text_width(listed.stage.folder.filename().string()));
  std::string out = fmt::format("{}  {:>10}  {:<28}  {}\n", padded_right("stage", width), "size", "state", "first run by");
  for (const auto& [stage, progress] : stages) {
    out += fmt::format("{}  {:>10}  {:<28}  {}\n", padded_right(stage.folder.filename().string(), width), bytes_text(progress.bytes),
                       state_text(progress), stage.recipe);
  }
  const auto finished = std::count_if(stages.begin(), stages.end(), [](const ListedStage& listed) { return listed.progress.finished; });
  return out +
         fmt::format("\n{} stages, {} finished, {} in {}\n", stages.size(), finished, bytes_text(bytes_of(stages)), ledger.root().string());
}

nlohmann::json ledger_json(const Ledger& ledger, const std::vector<ListedStage>& stages) {
  nlohmann::json out{{"ledger", ledger.root().string()}, {"bytes", bytes_of(stages)}, {"stages", nlohmann::json::array()}};
  for (const auto& [stage, progress] : stages) {
    out["stages"].push_back({{"name", stage.facts.name},
                             {"key", stage.facts.key()},
                             {"folder", stage.folder.string()},
                             {"recipe", stage.recipe},
                             {"state", state_of(progress)},
                             {"step", progress.step < 0 ? nlohmann::json() : nlohmann::json(progress.step)},
                             {"has_weights", progress.has_weights},
                             {"bytes", progress.bytes},
                             {"user", progress.user},
                             {"inputs", stage.facts.inputs}});
  }
  return out;
}

std::string bytes_text(int64_t bytes) {
  if (bytes < 1024) return fmt::format("{} B", bytes);
  double size = static_cast<double>(bytes);
  const char* units[] = {"KiB", "MiB", "GiB", "TiB"};
  size_t unit = 0;
  for (size /= 1024; size >= 1024 && unit < 3; ++unit) size /= 1024;
  return fmt::format("{:.1f} {}", size, units[unit]);
}

}  // namespace lafs
