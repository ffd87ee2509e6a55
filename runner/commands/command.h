#pragma once
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "kernel/recipe/recipe.h"
#include "kernel/registry/registry.h"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace lafs {

/// Exit statuses of the program. The last two are answers of `lafs diagnose` and `lafs verify-release`.
constexpr int done = 0, failed = 1, wrong_usage = 2, stopped = 130, problem_found = 3, cannot_tell = 4;

/// What every command is handed.
struct Invocation {
  std::filesystem::path program;       ///< of this process, links resolved
  std::vector<std::string> arguments;  ///< argv
};

/// What a command does when it was chosen; returns the exit status.
using Action = std::function<int(const Invocation&)>;

struct Command {
  CLI::App* app = nullptr;  ///< owned by the app it was added to
  Action action;
};

/// A command of commands: does what the one that was chosen does.
Command one_of(CLI::App* app, std::vector<Command> commands);

/// A command that trains or runs networks. Before it begins, the program starts itself again with short waits of OpenMP's threads, unless
/// the environment says how they wait: see short_waits.h.
Command computing(Command command);

Command add_run(CLI::App& app);
Command add_ablate(CLI::App& app);
Command add_table(CLI::App& app);
Command add_report(CLI::App& app);
Command add_ledger(CLI::App& app);
Command add_check(CLI::App& app);
Command add_plan(CLI::App& app);
Command add_describe(CLI::App& app);
Command add_eval(CLI::App& app);
Command add_diagnose(CLI::App& app);
Command add_compare(CLI::App& app);
Command add_threshold(CLI::App& app);
Command add_verify(CLI::App& app);
Command add_embed(CLI::App& app);
Command add_verify_resume(CLI::App& app);
Command add_verify_release(CLI::App& app);
Command add_replay(CLI::App& app);
Command add_data(CLI::App& app);
Command add_align(CLI::App& app);
Command add_bench(CLI::App& app);
Command add_show(CLI::App& app);
Command add_import(CLI::App& app);
Command add_export(CLI::App& app);
Command add_inspect(CLI::App& app);
Command add_test_plugin(CLI::App& app);
Command add_new(CLI::App& app);
Command add_doctor(CLI::App& app);
Command add_completion(CLI::App& app);
/// Called by the script that `lafs completion` prints; not in the help.
Command add_complete(CLI::App& app);

/// Every plugin of the search path. Throws Error for the first that cannot be loaded.
Registry load_plugins(const Invocation& invocation);

}  // namespace lafs
