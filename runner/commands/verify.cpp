#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "kernel/evaluate/picture_score.h"
#include "kernel/results/json_text.h"
#include "runner/commands/arguments.h"
#include "runner/commands/command.h"
#include "runner/report/say.h"
#include "runner/tools/verify/accepted.h"

namespace lafs {

namespace {

struct VerifyArguments {
  PictureScoreRequest request;
  RecipeArguments common;
  std::optional<std::string> threshold;
  bool json = false;
};

int run_verify(VerifyArguments& arguments, const Invocation& invocation) {
  auto& [request, common, threshold, json] = arguments;
  const auto thresholds = threshold ? acceptance_thresholds(*threshold) : std::vector<AcceptanceThreshold>();
  request.context = common.context();
  request.stage = common.stage;
  request.note = [](const std::string& text) { say("{}\n", text); };
  Registry registry = load_plugins(invocation);
  const auto [score, model] = picture_score(request, registry);
  if (const std::string note = other_model_note(thresholds, model); !note.empty()) say("{}\n", note);
  fmt::print("{}", json ? json_text(acceptance_json(score, thresholds)) + "\n" : acceptance_text(score, thresholds));
  return done;
}

}  // namespace

Command add_verify(CLI::App& app) {
  auto arguments = std::make_shared<VerifyArguments>();
  CLI::App* command = app.add_subcommand("verify", "whether two pictures show one person: their score, and what a threshold says");
  PictureScoreRequest& request = arguments->request;
  any_model_arguments(*command, request.checkpoint, request.input);
  command->add_option("first", request.first, "a picture of one face, aligned as those the model was trained on")->required();
  command->add_option("second", request.second, "the other one")->required();
  command
      ->add_option("--threshold", arguments->threshold,
                   "score from which on pictures are taken for one person: a number, or a file of lafs threshold --json")
      ->type_name("NUMBER|FILE");
  choice_option(*command, "--device", request.device, {"auto", "cpu", "cuda"}, "auto: cuda if the machine has it");
  choice_option(*command, "--precision", request.options.precision, {"fp32", "bf16", "fp16"},
                "precision of the forward pass; take that of the evaluation that gave the threshold");
  command->add_option("--threads", request.threads, "threads that compute")->check(CLI::Range(1, 1024))->capture_default_str();
  arguments->common.add_stage_to(*command, "this stage of a row's folder");
  command->add_flag("--json", arguments->json, "score and decisions as JSON on standard output");
  command->footer(
      "The score is the cosine of the two embeddings, under the input contract saved with the model. Align both pictures first, by lafs\n"
      "align, as those of the training were.\n"
      "  lafs threshold runs/own --far 1e-2 --json > threshold.json\n"
      "  lafs verify runs/own new/one.png new/two.png --threshold threshold.json");
  return computing({command, [arguments](const Invocation& invocation) { return run_verify(*arguments, invocation); }});
}

}  // namespace lafs
