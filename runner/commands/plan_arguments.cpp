#include "runner/commands/plan_arguments.h"

#include <cstdio>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "kernel/results/json_text.h"
#include "runner/commands/command.h"
#include "runner/report/progress.h"

namespace lafs {

void probe_options(CLI::App& command, PlanOptions& options) {
  command.add_option("--probe", options.probe_steps, "training steps to time, with at most 16 images each; 0 for none")
      ->check(CLI::Range(0, 1000))
      ->capture_default_str();
  command
      .add_option("--probe-seconds", options.probe_seconds, "time for these steps, all stages together; if none fits, speed is estimated")
      ->check(CLI::Range(0.0, 86400.0))
      ->capture_default_str();
}

void FindLrArguments::add_to(CLI::App& command) {
  CLI::Option* find = command.add_flag("--find-lr", wanted,
                                       "instead of a plan: train a few steps with rising learning rates from the start, "
                                       "and say at which the loss falls");
  command.add_option("--lr-steps", how.steps, "steps to train")->check(CLI::Range(10, 1000000))->capture_default_str()->needs(find);
  command.add_option("--lr-from", how.from, "rate of the first step")->check(CLI::PositiveNumber)->capture_default_str()->needs(find);
  command.add_option("--lr-to", how.to, "rate of the last step")->check(CLI::PositiveNumber)->capture_default_str()->needs(find);
  command.add_option("--picture", how.picture, "also draw the losses to this PNG file")->type_name("FILE")->needs(find);
  command.add_flag("--force", how.force, "overwrite the picture")->needs(find);
}

int print_found_lr(const Row& row, const std::string& stage, const FindLr& how, bool json) {
  FindLr shown = how;
  PictureProgress progress(json, 0, how.steps, "steps");
  shown.progress = [&](int64_t done) { progress.show(done); };
  const FoundLr found = find_lr(row, stage, shown);
  fmt::print("{}", json ? json_text(found_lr_json(found)) + "\n" : found_lr_text(found));
  return done;
}

}  // namespace lafs
