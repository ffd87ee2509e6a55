#include "runner/commands/command.h"

#include <cstdlib>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "kernel/registry/library_gate.h"

namespace lafs {

void RecipeArguments::add_to(CLI::App& command) {
  command
      .add_option(
          "--set", set,
          "override one key of the recipe: --set objective.mixup=0.2, of one stage of a row: --set STAGE.run.epochs=3; may be given "
          "several times")
      ->type_name("KEY=VALUE")
      ->take_all();
}

void RecipeArguments::add_stage_to(CLI::App& command, const std::string& help) {
  command.add_option("--stage", stage, help)->type_name("NAME");
}

RecipeContext RecipeArguments::context() const {
  RecipeContext context;
  std::vector<std::string> wrong;
  for (const std::string& item : set) {
    const auto equals = item.find('=');
    if (equals == std::string::npos || equals == 0) {
      wrong.push_back(fmt::format("--set {}: error: expected KEY=VALUE", item));
    } else {
      context.overrides.emplace_back(item.substr(0, equals), item.substr(equals + 1));
    }
  }
  if (!wrong.empty()) throw RecipeError(wrong);
  if (const char* root = std::getenv("LAFS_DATA")) context.data_root = root;
  return context;
}

Registry load_plugins(const Invocation& invocation) {
  Registry registry;
  for (const auto& folder : plugin_folders(invocation.program)) {
    try {
      plugin_libraries(folder);
    } catch (const Error& error) {  // the program's own is listed only where it is there
      throw Error(fmt::format("{}; mend LAFS_PLUGIN_PATH", error.what()));
    }
    registry.load_folder(folder);
  }
  return registry;
}

}  // namespace lafs
