#pragma once
#include "runner/commands/command.h"

namespace lafs {

/// The commands below `lafs new`.
Command add_new_plugin(CLI::App& app);
Command add_new_recipe(CLI::App& app);

}  // namespace lafs
