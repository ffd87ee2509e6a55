#include <cstdio>
#include <memory>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "formats/atomic_file.h"
#include "runner/commands/arguments.h"
#include "runner/commands/command.h"
#include "runner/tools/table/table.h"

namespace lafs {

namespace {

struct TableArguments {
  TableRequest request;
  std::filesystem::path out;
  bool json = false;
};

int run_table(TableArguments& arguments) {
  if (arguments.json) arguments.request.format = "json";
  const std::string text = table_of(arguments.request);
  if (!arguments.out.empty()) formats::write_atomically(arguments.out, text);
  if (arguments.out.empty()) fmt::print("{}", text);
  return done;
}

}  // namespace

Command add_table(CLI::App& app) {
  auto arguments = std::make_shared<TableArguments>();
  TableRequest& request = arguments->request;
  CLI::App* command = app.add_subcommand("table", "runs, rows or a grid as a table: means over seeds, tests, published values");
  auto* folders = command->add_option("folder", request.folders, "folder of a grid, or folders of runs and rows");
  folders->required()->expected(1, 100000)->type_name("DIR");
  StudyTableOptions& options = request.options;
  command
      ->add_option("--metric", options.metrics,
                   "METRIC or EVALUATOR/METRIC, \"-\" in front where smaller is better and the evaluator does not say so")
      ->take_all();
  command->add_flag("--all", options.all, "every headline in place of the first value of each evaluator");
  command->add_option("--stage", options.stage, "stage of rows; default the last")->check(refuse_empty)->type_name("NAME");
  const char* against =
      "line to compare with: its name or a part of it; default the first. A label compares each line with the one that differs from it in "
      "this label only";
  command->add_option("--against", options.against, against)->check(refuse_empty)->type_name("LINE|[AXIS=]LABEL");
  const char* average = "of a grid: axis to take the mean over, in each seed, before lines are compared; without published values";
  command->add_option("--average", request.average, average)->check(refuse_empty)->type_name("AXIS");
  const char* published = "file of numbers of other methods, which stand below: docs/published.toml";
  command->add_option("--published", request.published, published)->type_name("FILE");
  choice_option(*command, "--format", request.format, table_formats(), "how the table is written");
  output_option(*command, "--out", arguments->out, "file for the table; default standard output");
  command->add_flag("--json", arguments->json, "the table as JSON");
  command->footer(
      "Runs that differ in nothing but their seed are one line.\n"
      "  lafs table runs/seed1 runs/seed2 runs/other --metric accuracy --format markdown\n"
      "  lafs table runs/grid --against none                  # \"4, DINO\" is compared with \"4, none\"\n"
      "  lafs table runs/grid --average \"pictures per person\"");
  return {command, [arguments](const Invocation&) { return run_table(*arguments); }};
}

}  // namespace lafs
