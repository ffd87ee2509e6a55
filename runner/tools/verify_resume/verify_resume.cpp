#include "runner/tools/verify_resume/verify_resume.h"

#include <algorithm>
#include <chrono>
#include <fstream>
#include <optional>
#include <random>
#include <thread>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "formats/atomic_file.h"
#include "kernel/recipe/row.h"
#include "kernel/run/row_session.h"
#include "runner/report/say.h"
#include "runner/report/work_folder.h"
#include "runner/tools/run/child.h"

namespace lafs {

namespace {

namespace fs = std::filesystem;

/// What both processes run: the recipe as it is, or the resolved stage of a row, as their folders belong to no row.
VerifyRequest request_of_children(const VerifyRequest& request, Registry& registry, const fs::path& folder) {
  if (request.stage.empty()) {
    open_stage(request.recipe, "", request.context, registry);  // or two processes would report the same mistakes
    return request;
  }
  const Row row = open_row(request.recipe, request.context, registry, request.inputs);
  const Stage& stage = row.stage(request.stage);
  require_inputs(row, stage);
  VerifyRequest children = request;
  children.recipe = folder / "stage.toml";
  children.set.clear();
  fs::create_directories(folder);
  formats::write_atomically(children.recipe, stage.recipe.resolved);
  return children;
}

std::vector<std::string> run_command(const VerifyRequest& request, const fs::path& folder, int64_t checkpoint_every) {
  std::vector<std::string> command{request.program.string(), "run", request.recipe.string(), "--quiet", "--out", folder.string()};
  for (const std::string& item : request.set) command.insert(command.end(), {"--set", item});
  for (const std::string& item : {fmt::format("run.steps={}", request.steps), fmt::format("run.checkpoint_every={}", checkpoint_every),
                                  std::string("run.log_every=1"), std::string("run.evaluate_every=0"), std::string("run.extends=\"\"")}) {
    command.insert(command.end(), {"--set", item});
  }
  return command;
}

/// How many steps a run has logged; evaluations are logged as well.
int64_t steps_logged(const fs::path& folder) {
  std::ifstream in(folder / "metrics.jsonl");
  int64_t steps = 0;
  for (std::string line; std::getline(in, line);) steps += line.find("\"loss\":") != std::string::npos ? 1 : 0;
  return steps;
}

/// Starts the run and kills it once so many steps are logged. How many there were then; nothing when the run ended before.
std::optional<int64_t> run_and_kill(const std::vector<std::string>& command, const fs::path& folder, int64_t at_step) {
  Child child(command);
  while (child.running() && steps_logged(folder) < at_step) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  child.kill();
  if (const int status = child.wait(); status > 0) throw Error(fmt::format("the run ended with status {}", status));
  return child.was_killed() ? std::optional(steps_logged(folder)) : std::nullopt;
}

/// The same, and again with an earlier kill if all steps were done before the signal came: such a run proves nothing.
int64_t surely_killed(const std::vector<std::string>& command, const fs::path& folder, int64_t at_step, int64_t steps) {
  for (; at_step >= 0; at_step = at_step > 0 ? at_step / 2 : -1) {
    if (const auto killed_at = run_and_kill(command, folder, at_step); killed_at && *killed_at < steps) return *killed_at;
    fs::remove_all(folder);
  }
  throw Error("the run ended before it could be killed; give more --steps");
}

void run_whole(const std::vector<std::string>& command) {
  if (const int status = Child(command).wait(); status != 0) throw Error(fmt::format("the run ended with status {}", status));
}

/// The step that is asked for, or a random one before the last.
int64_t step_to_kill(const VerifyRequest& request, int64_t steps) {
  if (request.kill_at >= steps)
    throw Error(fmt::format("--kill-at {}: the run has {} steps, and it must be killed before the last", request.kill_at, steps));
  if (request.kill_at >= 0) return request.kill_at;
  std::random_device random;
  return 1 + static_cast<int64_t>(random() % static_cast<uint64_t>(std::max<int64_t>(1, steps - 1)));
}

}  // namespace

Verification verify_resume(const VerifyRequest& request, Registry& registry) {
  WorkFolder work(request.out, "verify-resume");
  const fs::path& folder = work.path();
  if (fs::exists(folder / "straight") || fs::exists(folder / "killed")) {
    throw Error(fmt::format("\"{}\" already holds a verification; give another --out", folder.string()));
  }
  const VerifyRequest children = request_of_children(request, registry, folder);
  fs::create_directories(folder);
  const int64_t checkpoint_every = std::max<int64_t>(1, request.steps / 7);

  say("{} steps straight\n", request.steps);
  run_whole(run_command(children, folder / "straight", checkpoint_every));
  Verification result;
  result.folder = folder;
  result.steps = steps_logged(folder / "straight");
  const int64_t kill_at = step_to_kill(request, result.steps);
  say("{} steps with kill -9 after step {}\n", result.steps, kill_at);
  const auto command = run_command(children, folder / "killed", checkpoint_every);
  result.killed_at = surely_killed(command, folder / "killed", kill_at, result.steps);
  say("killed after step {}; continuing\n", result.killed_at);
  run_whole(command);
  result.comparison = compare_checkpoints(folder / "straight" / "checkpoints" / "last", folder / "killed" / "checkpoints" / "last");
  if (!result.equal()) work.keep();
  return result;
}

nlohmann::json verification_json(const Verification& verification) {
  const Comparison& comparison = verification.comparison;
  return {{"equal", verification.equal()},         {"steps", verification.steps}, {"killed_after_step", verification.killed_at},
          {"tensors", comparison.tensors},         {"bytes", comparison.bytes},   {"different", comparison.different},
          {"folder", verification.folder.string()}};
}

std::string verification_text(const Verification& verification) {
  const auto& [comparison, steps, killed_at, folder] = verification;
  if (verification.equal()) {
    return fmt::format(
        "equal: {} tensors, {} bytes of weights and optimizer state after {} steps, straight and killed with -9 after step {}\n",
        comparison.tensors, comparison.bytes, steps, killed_at);
  }
  std::string text = fmt::format("different: {} of {} tensors differ after {} steps, killed with -9 after step {}\n",
                                 comparison.different.size(), comparison.tensors, steps, killed_at);
  for (const std::string& line : comparison.different) text += fmt::format("  {}\n", line);
  return text + fmt::format("both runs are in {}\n", folder.string());
}

}  // namespace lafs
