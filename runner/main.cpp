#include <unistd.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "kernel/diagnostics.h"
#include "runner/commands/command.h"

namespace {

/// Usage mistakes and wrong recipes are told apart from runs that failed: scripts look at the status.
int guarded(const lafs::Action& action, const lafs::Invocation& invocation) {
  try {
    return action(invocation);
  } catch (const lafs::RecipeError& error) {
    for (const std::string& line : error.lines()) fmt::print(stderr, "{}\n", line);
    return lafs::wrong_usage;
  } catch (const std::exception& error) {
    // Torch's errors carry a native backtrace behind their sentence.
    const std::string what = error.what();
    fmt::print(stderr, "lafs: error: {}\n", what.substr(0, what.find("\nException raised from ")));
    return lafs::failed;
  }
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"lafs: face-recognition and self-supervised training from recipes and plugins", "lafs"};
  app.require_subcommand(1);
  app.set_version_flag("--version", "lafs " LAFS_VERSION);
  app.failure_message(CLI::FailureMessage::help);
  app.footer("Exit status: 0 done, 1 the run failed, 2 the recipe or the command line is wrong, 130 stopped by a signal.\n"
             "Data roots: recipes name them \"@data/...\"; LAFS_DATA or --set paths.data=DIR says where that is.");

  using Adder = lafs::Action (*)(CLI::App&);
  constexpr std::array<Adder, 6> adders{lafs::add_run, lafs::add_check, lafs::add_plan, lafs::add_describe, lafs::add_eval, lafs::add_verify_resume};
  std::vector<std::pair<CLI::App*, lafs::Action>> commands;
  for (const Adder add : adders) {
    lafs::Action action = add(app);
    commands.emplace_back(app.get_subcommands([](CLI::App*) { return true; }).back(), std::move(action));
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? lafs::done : lafs::wrong_usage;
  }
  const lafs::Invocation invocation{std::filesystem::read_symlink("/proc/self/exe"), {argv, argv + argc}};
  for (const auto& [command, action] : commands) {
    if (command->parsed()) return guarded(action, invocation);
  }
  return lafs::wrong_usage;
}
