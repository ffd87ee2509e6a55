#include <cstdio>
#include <memory>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "runner/commands/ledger.h"
#include "runner/tools/ledger/ledger_clean.h"

namespace lafs {

namespace {

struct CleanArguments {
  std::filesystem::path root = default_ledger;
  CleanRequest request;
  bool yes = false;
};

int run_clean(const CleanArguments& arguments) {
  const Ledger ledger(arguments.root);
  const auto stages = stages_to_clean(ledger, arguments.request);
  fmt::print("{}", ledger_text(ledger, stages));
  if (stages.empty()) return done;
  if (arguments.yes) clean(stages, arguments.request);
  fmt::print("{}\n", arguments.yes ? "deleted" : "nothing was deleted: give --yes to delete them");
  return done;
}

}  // namespace

Command add_ledger_clean(CLI::App& ledger) {
  auto arguments = std::make_shared<CleanArguments>();
  CleanRequest& request = arguments->request;
  CLI::App* command = ledger.add_subcommand("clean", "delete stages, or their weights alone");
  command->add_option("stage", request.stages, "names of their folders, or keys")->type_name("STAGE");
  ledger_option(*command, arguments->root);
  command->add_flag("--unfinished", request.unfinished, "those that were begun and that no process works on");
  command->add_option("--older-than", request.older_than_days, "those that nothing was written to for so many days")->type_name("DAYS");
  command->add_flag("--weights", request.only_weights, "checkpoints only; results stay");
  command->add_flag("--yes,-y", arguments->yes, "delete; without it they are only listed");
  return {command, [arguments](const Invocation&) { return run_clean(*arguments); }};
}

}  // namespace lafs
