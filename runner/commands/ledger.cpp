#include "runner/commands/ledger.h"

#include <CLI/CLI.hpp>

namespace lafs {

CLI::Option* ledger_option(CLI::App& command, std::filesystem::path& root) {
  return command.add_option("--ledger", root, "folder of the stages")->type_name("DIR")->capture_default_str();
}

Command add_ledger(CLI::App& app) {
  CLI::App* ledger = app.add_subcommand("ledger", "the stages that rows and grids share");
  ledger->require_subcommand(1);
  return one_of(ledger, {add_ledger_list(*ledger), add_ledger_why(*ledger), add_ledger_clean(*ledger)});
}

}  // namespace lafs
