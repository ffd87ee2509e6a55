#include <cstdio>
#include <memory>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "kernel/results/json_text.h"
#include "runner/commands/ledger.h"
#include "runner/tools/ledger/ledger_list.h"

namespace lafs {

namespace {

struct ListArguments {
  std::filesystem::path root = default_ledger;
  bool json = false;
};

int run_list(const ListArguments& arguments) {
  const Ledger ledger(arguments.root);
  const auto stages = list_stages(ledger);
  fmt::print("{}", arguments.json ? json_text(ledger_json(ledger, stages)) + "\n" : ledger_text(ledger, stages));
  return done;
}

}  // namespace

Command add_ledger_list(CLI::App& ledger) {
  auto arguments = std::make_shared<ListArguments>();
  CLI::App* command = ledger.add_subcommand("list", "every stage, how far it came, and the disk it takes");
  ledger_option(*command, arguments->root);
  command->add_flag("--json", arguments->json, "as JSON");
  return {command, [arguments](const Invocation&) { return run_list(*arguments); }};
}

}  // namespace lafs
