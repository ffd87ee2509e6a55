#include <cstdio>
#include <memory>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "kernel/results/json_text.h"
#include "kernel/results/results_json.h"
#include "kernel/results/results_table.h"
#include "kernel/results/row_results.h"
#include "kernel/run/interrupt.h"
#include "kernel/run/row_session.h"
#include "runner/commands/command.h"
#include "runner/report/run_reports.h"
#include "runner/report/say.h"

namespace lafs {

namespace {

struct RunArguments {
  std::filesystem::path recipe, out;
  RecipeArguments common;
  bool quiet = false, json = false;
};

int run_alone(const Row& row, const RunArguments& arguments, const Registry& registry, const Invocation& invocation) {
  const std::filesystem::path& folder = row.folder;
  if (!arguments.quiet) say("{} -> {}\n", arguments.recipe.string(), folder.string());
  RunReports reports(arguments.quiet);
  const SessionOutcome outcome = run_session({row.stages.front().recipe, registry, folder, invocation.arguments, {&reports}});

  if (outcome.interrupted) {
    say("stopped at step {} of {}; the same command continues there\n", outcome.step, outcome.total);
    return stopped;
  }
  if (arguments.json) {
    auto json = results_json(outcome.results, outcome.step, "last");
    json["folder"] = folder.string();
    fmt::print("{}\n", json_text(json));
    return done;
  }
  if (!outcome.results.empty()) fmt::print("{}", results_table(outcome.results));
  if (arguments.quiet) return done;
  if (outcome.was_done) {
    say("all {} steps were done before; see {}/report.html\n", outcome.total, folder.string());
  } else {
    say("{} steps in {}, {:.1f} images/s, {:.1f} % of it waiting for data; see {}/report.html\n", outcome.total,
        duration_text(outcome.seconds), outcome.images_per_second, 100 * outcome.waiting_share, folder.string());
  }
  return done;
}

int run_stages(const Row& row, const RunArguments& arguments, const Registry& registry, const Invocation& invocation) {
  RunReports reports(arguments.quiet);
  const RowOutcome outcome = run_row({row, registry, arguments.common.stage, invocation.arguments, &reports});
  if (outcome.stopped) {
    if (outcome.last.interrupted) {
      say("stopped in stage \"{}\" at step {} of {}; the same command continues there\n", outcome.stopped->name, outcome.last.step,
          outcome.last.total);
    } else {
      say("stopped after stage \"{}\"; the same command continues there\n", outcome.stopped->name);
    }
    return stopped;
  }
  if (arguments.json) {
    fmt::print("{}\n", json_text(outcome.results));
  } else {
    fmt::print("{}", row_table(outcome.results));
  }
  if (!arguments.quiet) say("see {}/report.html\n", row.folder.string());
  return done;
}

int run(const RunArguments& arguments, const Invocation& invocation) {
  Registry registry = load_plugins(invocation);
  const Row row = open_row(arguments.recipe, arguments.common.context(), registry, arguments.out);
  catch_interrupts();
  const bool alone = row.alone() && arguments.common.stage.empty();
  return (alone ? run_alone : run_stages)(row, arguments, registry, invocation);
}

}  // namespace

Action add_run(CLI::App& app) {
  auto arguments = std::make_shared<RunArguments>();
  CLI::App* command = app.add_subcommand("run", "train a recipe or a row of stages to its end, or continue where it was");
  command->add_option("recipe", arguments->recipe, "recipe, a TOML file")->required()->type_name("FILE");
  command->add_option("--out", arguments->out, "the run folder itself, or the folder of a row's stages; default runs/<recipe>-<identity>")
      ->type_name("DIR");
  arguments->common.add_to(*command);
  arguments->common.add_stage_to(*command, "run this stage of a row only; those it takes weights of must be finished");
  command->add_flag("--quiet,-q", arguments->quiet, "no progress, only the results");
  command->add_flag("--json", arguments->json, "results as JSON on standard output");
  command->footer(
      "The run folder holds recipe.toml (resolved), manifest.json, metrics.jsonl, TensorBoard events, checkpoints/, results.json and "
      "report.html.\n"
      "Ctrl-C writes a checkpoint and stops; the same command continues, bit for bit as if it had never stopped.\n"
      "A row's stages have a run folder each under --out; a finished stage is not run again.");
  return [arguments](const Invocation& invocation) { return run(*arguments, invocation); };
}

}  // namespace lafs
