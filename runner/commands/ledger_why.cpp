#include <cstdio>
#include <memory>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "runner/commands/arguments.h"
#include "runner/commands/ledger.h"
#include "runner/tools/ledger/ledger_why.h"

namespace lafs {

namespace {

struct WhyArguments {
  std::filesystem::path root = default_ledger, recipe;
  RecipeArguments common;
};

int run_why(const WhyArguments& arguments, const Invocation& invocation) {
  Registry registry = load_plugins(invocation);
  fmt::print("{}", why_text(Ledger(arguments.root), arguments.recipe, arguments.common.context(), registry));
  return done;
}

}  // namespace

Command add_ledger_why(CLI::App& ledger) {
  auto arguments = std::make_shared<WhyArguments>();
  CLI::App* command = ledger.add_subcommand("why",
                                            "whether the stages of a row would run again, or those of a grid, each with the first cell "
                                            "that has it; and which keys or data differ");
  recipe_argument(*command, arguments->recipe);
  ledger_option(*command, arguments->root);
  arguments->common.add_to(*command);
  return {command, [arguments](const Invocation& invocation) { return run_why(*arguments, invocation); }};
}

}  // namespace lafs
