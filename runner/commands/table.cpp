#include <cstdio>
#include <memory>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "formats/atomic_file.h"
#include "kernel/results/json_text.h"
#include "kernel/results/study_json.h"
#include "runner/commands/arguments.h"
#include "runner/commands/command.h"
#include "runner/tools/table/read_study.h"

namespace lafs {

namespace {

struct TableArguments {
  std::vector<std::filesystem::path> folders;
  StudyTableOptions options;
  std::string format = "text";
  std::filesystem::path out, published;
  bool json = false;
};

int run_table(const TableArguments& arguments) {
  Study study = read_study(arguments.folders);
  if (!arguments.published.empty()) study.others = read_published(arguments.published);
  const StudyTable table = study_table(study, table_options(arguments.options, arguments.folders));
  const std::string text = arguments.json ? json_text(study_table_json(table)) + "\n" : study_table_text(table, arguments.format);
  if (arguments.out.empty()) {
    fmt::print("{}", text);
  } else {
    formats::write_atomically(arguments.out, text);
  }
  return done;
}

}  // namespace

Command add_table(CLI::App& app) {
  auto arguments = std::make_shared<TableArguments>();
  CLI::App* command = app.add_subcommand("table", "runs, rows or a grid as a table: means over seeds, tests, published values");
  command->add_option("folder", arguments->folders, "folder of a grid, or folders of runs and rows")
      ->required()
      ->expected(1, 100000)
      ->type_name("DIR");
  command->add_option("--metric", arguments->options.metrics, "METRIC or EVALUATOR/METRIC, \"-\" in front where smaller is better")
      ->take_all();
  command->add_flag("--all", arguments->options.all, "every headline in place of the first value of each evaluator");
  command->add_option("--stage", arguments->options.stage, "stage of rows; default the last")->type_name("NAME");
  command->add_option("--against", arguments->options.against,
                      "line that others are compared with, or a part of its name; default the first");
  command->add_option("--published", arguments->published, "file of numbers of other methods, which stand below: docs/published.toml")
      ->type_name("FILE");
  choice_option(*command, "--format", arguments->format, table_formats(), "how the table is written");
  output_option(*command, "--out", arguments->out, "file for the table; default standard output");
  command->add_flag("--json", arguments->json, "the table as JSON");
  command->footer(
      "Runs that differ in nothing but their seed are one line.\n"
      "  lafs table runs/seed1 runs/seed2 runs/other --metric accuracy --format markdown");
  return {command, [arguments](const Invocation&) { return run_table(*arguments); }};
}

}  // namespace lafs
