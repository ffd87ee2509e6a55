#include <cstdio>
#include <memory>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "kernel/results/json_text.h"
#include "runner/commands/arguments.h"
#include "runner/commands/command.h"
#include "runner/tools/compare/compare.h"

namespace lafs {

namespace {

struct CompareArguments {
  std::vector<std::filesystem::path> paths;
  metrics::Resampling how;
  bool json = false;
};

int run_compare(const CompareArguments& arguments) {
  const std::vector<ScoredResults> models = read_scored_results(arguments.paths);
  const auto differences = differences_of(models, arguments.how);
  fmt::print("{}", arguments.json ? json_text(comparison_json(models, differences)) + "\n" : comparison_text(models, differences));
  return done;
}

}  // namespace

Command add_compare(CLI::App& app) {
  auto arguments = std::make_shared<CompareArguments>();
  CLI::App* command = app.add_subcommand("compare", "results of several models side by side, and which differences are real");
  command->add_option("model", arguments->paths, "run folders, files of lafs eval --out, or folders of rows of which one stage has results")
      ->required()
      ->expected(2, 64)
      ->type_name("MODEL");
  samples_option(*command, arguments->how.samples);
  command->add_flag("--json", arguments->json, "the comparison as JSON on standard output");
  command->footer(
      "Each model is compared with the first. On the same pairs the test is a paired one: the same people resampled for both, and for\n"
      "accuracies McNemar's exact test. Without the scores of every pair the results are taken for independent, and on different pairs\n"
      "they are not judged.\n"
      "  lafs compare runs/arcface runs/cosface");
  return {command, [arguments](const Invocation&) { return run_compare(*arguments); }};
}

}  // namespace lafs
