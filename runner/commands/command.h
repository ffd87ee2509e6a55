#pragma once
#include <filesystem>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "kernel/recipe/recipe.h"
#include "kernel/registry/registry.h"

namespace CLI {
class App;
}

namespace lafs {

/// Exit statuses of the program.
constexpr int done = 0, failed = 1, wrong_usage = 2, stopped = 130;

/// What every command is handed.
struct Invocation {
  std::filesystem::path program;       ///< of this process, links resolved
  std::vector<std::string> arguments;  ///< argv
};

/// A sub-command: adds itself to the command line and returns what to do when it was chosen.
using Action = std::function<int(const Invocation&)>;
Action add_run(CLI::App& app);
Action add_check(CLI::App& app);
Action add_plan(CLI::App& app);
Action add_describe(CLI::App& app);
Action add_eval(CLI::App& app);
Action add_embed(CLI::App& app);
Action add_verify_resume(CLI::App& app);
Action add_data(CLI::App& app);
Action add_bench(CLI::App& app);
Action add_show(CLI::App& app);
Action add_import(CLI::App& app);
Action add_export(CLI::App& app);
Action add_inspect(CLI::App& app);
Action add_test_plugin(CLI::App& app);
Action add_new(CLI::App& app);
Action add_doctor(CLI::App& app);
Action add_completion(CLI::App& app);
/// Not in the help: what the script of `lafs completion` asks.
Action add_complete(CLI::App& app);

/// Options of commands that read recipes.
struct RecipeArguments {
  std::vector<std::string> set;
  std::string stage;  ///< of a row; empty: all, or there is no row

  void add_to(CLI::App& command);
  /// `--stage NAME`, with what it does in this command.
  void add_stage_to(CLI::App& command, const std::string& help);
  /// `--set KEY=VALUE` taken apart, and LAFS_DATA. Throws RecipeError for an override without "=".
  RecipeContext context() const;
};

/// Every plugin of the search path. Throws Error for the first that cannot be loaded.
Registry load_plugins(const Invocation& invocation);

}  // namespace lafs
