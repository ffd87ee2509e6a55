#include "runner/commands/new.h"

#include <CLI/CLI.hpp>

namespace lafs {

Command add_new(CLI::App& app) {
  CLI::App* command = app.add_subcommand("new", "write a plugin or a recipe to start from");
  command->require_subcommand(1);
  return one_of(command, {add_new_plugin(*command), add_new_recipe(*command)});
}

}  // namespace lafs
