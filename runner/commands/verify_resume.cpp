#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <memory>
#include <optional>
#include <random>
#include <thread>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "formats/atomic_file.h"
#include "kernel/recipe/row.h"
#include "kernel/results/json_text.h"
#include "kernel/run/row_session.h"
#include "runner/commands/command.h"
#include "runner/report/say.h"
#include "runner/tools/compare.h"

extern char** environ;

namespace lafs {

namespace {

namespace fs = std::filesystem;

struct VerifyArguments {
  fs::path recipe, out, inputs;
  RecipeArguments common;
  int64_t steps = 20, kill_at = -1;
  bool json = false;
};

class Child {
 public:
  explicit Child(const std::vector<std::string>& command) {
    std::vector<char*> argv;
    for (const std::string& part : command) argv.push_back(const_cast<char*>(part.c_str()));
    argv.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    // Standard output is the finding's alone.
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    const int error = posix_spawn(&id_, argv[0], &actions, nullptr, argv.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    if (error) throw Error(fmt::format("cannot start \"{}\": {}", command.front(), std::strerror(error)));
  }
  bool running() {
    if (!over_) over_ = ::waitpid(id_, &status_, WNOHANG) == id_;
    return !over_;
  }
  void kill() {
    if (!over_) ::kill(id_, SIGKILL);
  }
  /// Exit status, or -1 when a signal ended it.
  int wait() {
    if (!over_ && ::waitpid(id_, &status_, 0) == id_) over_ = true;
    return WIFEXITED(status_) ? WEXITSTATUS(status_) : -1;
  }
  /// Whether kill() ended it, and not its own end or another signal; after wait().
  bool was_killed() const { return WIFSIGNALED(status_) && WTERMSIG(status_) == SIGKILL; }

 private:
  pid_t id_ = 0;
  int status_ = 0;
  bool over_ = false;
};

/// What the two runs run: the recipe as it is, or the stage of a row resolved, as the runs lie in no folder of a row.
VerifyArguments of_children(const VerifyArguments& arguments, const Invocation& invocation, const fs::path& folder) {
  Registry registry = load_plugins(invocation);
  const RecipeContext context = arguments.common.context();
  if (arguments.common.stage.empty()) {
    open_stage(arguments.recipe, "", context, registry);  // says what is wrong once, not from two children
    return arguments;
  }
  const Row row = open_row(arguments.recipe, context, registry, arguments.inputs);
  const Stage& stage = row.stage(arguments.common.stage);
  require_inputs(row, stage);
  VerifyArguments children = arguments;
  children.recipe = folder / "stage.toml";
  children.common = {};
  fs::create_directories(folder);
  formats::write_atomically(children.recipe, stage.recipe.resolved);
  return children;
}

std::vector<std::string> run_command(const VerifyArguments& arguments, const Invocation& invocation, const fs::path& folder,
                                     int64_t checkpoint_every) {
  std::vector<std::string> command{invocation.program.string(), "run", arguments.recipe.string(), "--quiet", "--out", folder.string()};
  for (const std::string& item : arguments.common.set) command.insert(command.end(), {"--set", item});
  for (const std::string& item : {fmt::format("run.steps={}", arguments.steps), fmt::format("run.checkpoint_every={}", checkpoint_every),
                                  std::string("run.log_every=1"), std::string("run.evaluate_every=0")}) {
    command.insert(command.end(), {"--set", item});
  }
  return command;
}

/// Each step is logged, beside evaluations.
int64_t steps_logged(const fs::path& folder) {
  std::ifstream in(folder / "metrics.jsonl");
  int64_t steps = 0;
  for (std::string line; std::getline(in, line);) steps += line.find("\"loss\":") != std::string::npos ? 1 : 0;
  return steps;
}

/// Starts the run, kills it once so many steps are logged, and says how many there were; nothing when it ended before.
std::optional<int64_t> run_and_kill(const std::vector<std::string>& command, const fs::path& folder, int64_t at_step) {
  Child child(command);
  while (child.running() && steps_logged(folder) < at_step) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  child.kill();
  if (const int status = child.wait(); status > 0) throw Error(fmt::format("the run ended with status {}", status));
  return child.was_killed() ? std::optional(steps_logged(folder)) : std::nullopt;
}

/// The same, earlier each time that all steps were done before the signal came: such a run proves nothing.
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

int report(const VerifyArguments& arguments, const Comparison& comparison, int64_t steps, int64_t killed_at, const fs::path& folder) {
  const bool equal = comparison.different.empty();
  if (arguments.json) {
    fmt::print("{}\n", json_text({{"equal", equal},
                                  {"steps", steps},
                                  {"killed_after_step", killed_at},
                                  {"tensors", comparison.tensors},
                                  {"bytes", comparison.bytes},
                                  {"different", comparison.different},
                                  {"folder", folder.string()}}));
    return equal ? done : failed;
  }
  if (equal) {
    fmt::print("equal: {} tensors, {} bytes of weights and optimizer state after {} steps, straight and killed with -9 after step {}\n",
               comparison.tensors, comparison.bytes, steps, killed_at);
    return done;
  }
  fmt::print("different: {} of {} tensors part after {} steps, killed with -9 after step {}\n", comparison.different.size(),
             comparison.tensors, steps, killed_at);
  for (const std::string& line : comparison.different) fmt::print("  {}\n", line);
  fmt::print("both runs are in {}\n", folder.string());
  return failed;
}

/// Where both runs lie: the folder that is named, which stays, or a new one, removed unless it is to be looked at.
class Workplace {
 public:
  explicit Workplace(const fs::path& named) : folder_(named) {
    if (!named.empty()) return;
    std::string name = (fs::temp_directory_path() / "lafs-verify-resume-XXXXXX").string();
    if (!::mkdtemp(name.data())) throw Error(fmt::format("cannot make a folder \"{}\": {}", name, std::strerror(errno)));
    folder_ = name;
    temporary_ = true;
  }
  ~Workplace() {
    std::error_code ignored;
    if (temporary_) fs::remove_all(folder_, ignored);
  }
  Workplace(const Workplace&) = delete;
  Workplace& operator=(const Workplace&) = delete;

  const fs::path& folder() const { return folder_; }
  void keep() { temporary_ = false; }

 private:
  fs::path folder_;
  bool temporary_ = false;
};

/// The one that is asked for, or any before the last.
int64_t step_to_kill(const VerifyArguments& arguments, int64_t steps) {
  if (arguments.kill_at >= steps)
    throw Error(fmt::format("--kill-at {}: the run has {} steps, and must be killed before the last", arguments.kill_at, steps));
  if (arguments.kill_at >= 0) return arguments.kill_at;
  std::random_device random;
  return 1 + static_cast<int64_t>(random() % static_cast<uint64_t>(std::max<int64_t>(1, steps - 1)));
}

int run(const VerifyArguments& arguments, const Invocation& invocation) {
  Workplace place(arguments.out);
  const fs::path& folder = place.folder();
  if (fs::exists(folder / "straight") || fs::exists(folder / "killed")) {
    throw Error(fmt::format("\"{}\" already holds a verification; give another --out", folder.string()));
  }
  const VerifyArguments children = of_children(arguments, invocation, folder);
  fs::create_directories(folder);
  const int64_t checkpoint_every = std::max<int64_t>(1, arguments.steps / 7);

  say("{} steps straight\n", arguments.steps);
  run_whole(run_command(children, invocation, folder / "straight", checkpoint_every));
  const int64_t steps = steps_logged(folder / "straight");
  const int64_t kill_at = step_to_kill(arguments, steps);
  say("{} steps with kill -9 after step {}\n", steps, kill_at);
  const auto command = run_command(children, invocation, folder / "killed", checkpoint_every);
  const int64_t killed_at = surely_killed(command, folder / "killed", kill_at, steps);
  say("killed after step {}; continuing\n", killed_at);
  run_whole(command);

  const Comparison comparison =
      compare_checkpoints(folder / "straight" / "checkpoints" / "last", folder / "killed" / "checkpoints" / "last");
  const int status = report(arguments, comparison, steps, killed_at, folder);
  if (status != done) place.keep();
  return status;
}

}  // namespace

Action add_verify_resume(CLI::App& app) {
  auto arguments = std::make_shared<VerifyArguments>();
  CLI::App* command = app.add_subcommand("verify-resume", "prove on a recipe that a killed and continued run equals a straight one");
  command->add_option("recipe", arguments->recipe, "recipe, a TOML file")->required()->type_name("FILE");
  command->add_option("--steps", arguments->steps, "optimizer steps of each run")->check(CLI::Range(2, 1000000000))->capture_default_str();
  command->add_option("--kill-at", arguments->kill_at, "kill once so many steps are done; default a random one")->type_name("STEP");
  command->add_option("--out", arguments->out, "keep both runs in this folder; default a temporary one, removed when equal")
      ->type_name("DIR");
  arguments->common.add_to(*command);
  arguments->common.add_stage_to(*command, "the stage of a row that is run");
  command
      ->add_option("--inputs", arguments->inputs, "folder of the row, where the stages lie that this one takes weights of; default as run")
      ->type_name("DIR");
  command->add_flag("--json", arguments->json, "the finding as JSON");
  command->footer("Exit status 0: every tensor of weights and optimizer state is equal, byte for byte; 1: it says where they part.");
  return [arguments](const Invocation& invocation) { return run(*arguments, invocation); };
}

}  // namespace lafs
