#include "runner/commands/command.h"

#include <utility>

#include <fmt/format.h>
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "kernel/registry/library_gate.h"
#include "runner/commands/short_waits.h"

namespace lafs {

Command one_of(CLI::App* app, std::vector<Command> commands) {
  return {app, [commands = std::move(commands)](const Invocation& invocation) {
            for (const auto& [command, action] : commands) {
              if (command->parsed()) return action(invocation);
            }
            return wrong_usage;
          }};
}

Command computing(Command command) {
  command.action = [action = std::move(command.action)](const Invocation& invocation) {
    start_with_short_waits(invocation.arguments);
    return action(invocation);
  };
  return command;
}

Registry load_plugins(const Invocation& invocation) {
  Registry registry;
  for (const auto& folder : plugin_folders(invocation.program)) {
    try {
      plugin_libraries(folder);
    } catch (const Error& error) {  // the program's own folder is listed only where it exists
      throw Error(fmt::format("{}; correct LAFS_PLUGIN_PATH", error.what()));
    }
    registry.load_folder(folder);
  }
  return registry;
}

}  // namespace lafs
