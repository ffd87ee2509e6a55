#include <cstdio>
#include <memory>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "kernel/results/json_text.h"
#include "runner/commands/arguments.h"
#include "runner/commands/command.h"
#include "runner/tools/bench/bench.h"

namespace lafs {

namespace {

struct BenchArguments {
  std::filesystem::path recipe;
  RecipeArguments common;
  BenchOptions options;
  bool json = false;
};

int run_bench(const BenchArguments& arguments, const Invocation& invocation) {
  Registry registry = load_plugins(invocation);
  const Row row = open_row(arguments.recipe, arguments.common.context(), registry);
  const BenchReport report = bench(row, arguments.common.stage, arguments.options);
  if (arguments.json) {
    fmt::print("{}\n", json_text(bench_json(report)));
  } else {
    print_bench(report, arguments.options);
  }
  return done;
}

}  // namespace

Command add_bench(CLI::App& app) {
  auto arguments = std::make_shared<BenchArguments>();
  BenchOptions& options = arguments->options;
  CLI::App* command = app.add_subcommand("bench", "time a training step of a recipe, part by part");
  recipe_argument(*command, arguments->recipe);
  arguments->common.add_to(*command);
  arguments->common.add_stage_to(*command, "time this stage of a row");
  command->add_option("--steps", options.steps, "steps to time")->check(CLI::Range(1, 100000))->capture_default_str();
  command->add_option("--warm-up", options.warm_up, "untimed steps before that")->check(CLI::Range(0, 1000))->capture_default_str();
  const char* help = "also write a Chrome trace of some more steps: each operation, the parts around them, the loader";
  CLI::Option* trace = output_option(*command, "--trace", options.trace, help);
  CLI::Option* traced = command->add_option("--trace-steps", options.traced_steps, "steps to trace");
  traced->check(CLI::Range(1, 100))->capture_default_str()->needs(trace);
  command->add_flag("--json", arguments->json, "the figures as JSON");
  command->footer(
      "Parts: load is the time the step waits for pictures; hooks are what the objective does before and after the update.\n"
      "Weights of [[init]] are not loaded. Without the training data the steps run on noise.");
  return computing({command, [arguments](const Invocation& invocation) { return run_bench(*arguments, invocation); }});
}

}  // namespace lafs
