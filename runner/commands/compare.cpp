#include <cstdio>
#include <memory>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "kernel/results/json_text.h"
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
  std::vector<ScoredResults> models;
  for (const auto& path : arguments.paths) models.push_back(read_scored_results(path));
  const auto differences = differences_of(models, arguments.how);
  fmt::print("{}", arguments.json ? json_text(comparison_json(models, differences)) + "\n" : comparison_text(models, differences));
  return done;
}

}  // namespace

Command add_compare(CLI::App& app) {
  auto arguments = std::make_shared<CompareArguments>();
  CLI::App* command = app.add_subcommand("compare", "results of several models side by side, and which differences are real");
  command->add_option("model", arguments->paths, "run folders, or files of lafs eval --out")
      ->required()
      ->expected(2, 64)
      ->type_name("MODEL");
  command->add_option("--samples", arguments->how.samples, "samples of the people, drawn with replacement, for the intervals")
      ->check(CLI::Range(100, 1000000))
      ->capture_default_str();
  command->add_flag("--json", arguments->json, "the comparison as JSON on standard output");
  command->footer(
      "Each model is compared with the first. On the same pairs the test is a paired one: McNemar's exact test for accuracies, and the\n"
      "same people resampled for both. Without the scores of every pair the results are taken for independent.\n"
      "  lafs compare runs/arcface runs/cosface");
  return {command, [arguments](const Invocation&) { return run_compare(*arguments); }};
}

}  // namespace lafs
