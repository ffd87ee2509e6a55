#include <memory>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "kernel/results/json_text.h"
#include "runner/commands/command.h"
#include "runner/commands/measured_arguments.h"
#include "runner/report/progress.h"
#include "runner/tools/compare/threshold_pairs.h"

namespace lafs {

namespace {

struct ThresholdArguments {
  MeasuredArguments measured;
  ThresholdRequest request;
  bool json = false, quiet = false;
};

int run_threshold(ThresholdArguments& arguments, const Invocation& invocation) {
  ThresholdRequest& request = arguments.request;
  request.evaluation = arguments.measured.request();
  request.of_measuring = arguments.measured.of_measuring();
  request.evaluation.on.impostors = impostors_for(request.targets);
  if (!arguments.quiet && !arguments.json) request.evaluation.progress = tenths_of_pictures();
  const auto all = find_thresholds(request, [&] { return load_plugins(invocation); });
  fmt::print("{}", arguments.json ? json_text(thresholds_json(all)) + "\n" : thresholds_text(all));
  return done;
}

}  // namespace

Command add_threshold(CLI::App& app) {
  auto arguments = std::make_shared<ThresholdArguments>();
  CLI::App* command = app.add_subcommand("threshold", "the score from which on pairs are accepted, for a wanted false accept rate");
  arguments->measured.add_to(*command, "; or features of lafs embed, a .npy or .safetensors file; or a file of lafs eval --out");
  command->add_option("--far", arguments->request.targets, "wanted false accept rates")
      ->required()
      ->check(CLI::Range(0.0, 1.0))
      ->type_name("RATE");
  std::string& evaluator = arguments->request.evaluator;
  command->add_option("--evaluator", evaluator, "only the pairs of this evaluator")->check(refuse_empty)->type_name("NAME");
  samples_option(*command, arguments->request.resampling.samples);
  command->add_flag("--json", arguments->json, "thresholds as JSON on standard output");
  command->add_flag("--quiet,-q", arguments->quiet, "no progress");
  command->footer(
      "A score is the cosine of two embeddings. Without --recipe and --on, the scores that a run or a file of lafs eval --out kept are\n"
      "used; of a row's folder, those of --stage. A run keeps the scores of its last checkpoint. If its best checkpoint, which\n"
      "lafs verify uses, is an earlier one, the best is measured instead. Only verification keeps scores. From a folder per person or\n"
      "a record set with --on, so many pairs of two people are drawn that a hundred of them decide at the smallest rate, but 3,000 at\n"
      "least and 990,000 at most.\n"
      "  lafs threshold runs/arcface --far 1e-3 1e-2 --on mine.txt --pictures faces");
  return computing({command, [arguments](const Invocation& invocation) { return run_threshold(*arguments, invocation); }});
}

}  // namespace lafs
