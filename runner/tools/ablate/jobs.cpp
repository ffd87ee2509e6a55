#include "runner/tools/ablate/jobs.h"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <deque>
#include <string>
#include <thread>

#include <fmt/format.h>

#include "kernel/run/grid_folder.h"
#include "kernel/run/interrupt.h"
#include "runner/report/say.h"
#include "runner/tools/run/child.h"

namespace lafs {

namespace {

std::vector<std::string> command_of(const AblateRequest& request, const std::filesystem::path& folder, const Ledger& ledger) {
  std::vector<std::string> command{request.program.string(),
                                   "ablate",
                                   request.grid.string(),
                                   "--out",
                                   folder.string(),
                                   "--ledger",
                                   ledger.root().string(),
                                   "--quiet",
                                   "--yes",
                                   "--shard",
                                   fmt::format("{}/{}", request.shard.number, request.shard.count)};
  for (const auto& [key, value] : request.context.overrides) command.insert(command.end(), {"--set", fmt::format("{}={}", key, value)});
  return command;
}

void note_threads(const std::vector<const AblationCell*>& cells, int64_t jobs) {
  const int64_t cores = std::max<int64_t>(1, std::thread::hardware_concurrency());
  int64_t most = 1;
  for (const AblationCell* cell : cells) {
    for (const Stage& stage : cell->row.stages) most = std::max(most, stage.recipe.run.threads);
  }
  if (most * jobs > cores)
    say("note: {} jobs of {} threads on {} cores wait for each other: --set run.threads={} suits them better\n", jobs, most, cores,
        std::max<int64_t>(1, cores / jobs));
}

/// Says how many cells are finished when there are more.
class Watch {
 public:
  Watch(const std::vector<const AblationCell*>& cells, bool quiet) : open_(cells), count_(cells.size()), quiet_(quiet) {
    look();
    before_ = finished();
  }

  void look() {
    const size_t before = open_.size();
    std::erase_if(open_, [](const AblationCell* cell) { return is_finished(*cell); });
    if (!quiet_ && open_.size() != before) say("{} of {} cells finished\n", finished(), count_);
  }

  AblationOutcome outcome() {
    look();
    const auto failed =
        std::count_if(open_.begin(), open_.end(), [](const AblationCell* cell) { return !cell_failure(cell->row.folder).empty(); });
    return {interrupted(), before_, finished() - before_, static_cast<int64_t>(failed)};
  }

 private:
  int64_t finished() const { return static_cast<int64_t>(count_ - open_.size()); }

  std::vector<const AblationCell*> open_;
  size_t count_;
  bool quiet_;
  int64_t before_ = 0;
};

}  // namespace

AblationOutcome run_jobs(const AblateRequest& request, const std::filesystem::path& folder, const Ledger& ledger,
                         const std::vector<const AblationCell*>& cells) {
  if (!request.quiet) note_threads(cells, request.jobs);
  Watch watch(cells, request.quiet);
  std::deque<Child> children;
  for (int64_t job = 0; job < request.jobs; ++job) children.emplace_back(command_of(request, folder, ledger));
  const auto any_runs = [&] { return std::any_of(children.begin(), children.end(), [](Child& child) { return child.running(); }); };
  for (bool told = false; any_runs();) {
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    watch.look();
    if (!interrupted() || told) continue;
    told = true;
    for (Child& child : children) child.signal(SIGTERM);
  }
  for (size_t job = 0; job < children.size(); ++job) {
    if (children[job].wait() < 0) say("job {} was ended by a signal; the same command runs what it left\n", job + 1);
  }
  return watch.outcome();
}

}  // namespace lafs
