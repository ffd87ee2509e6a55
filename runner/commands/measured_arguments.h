#pragma once
#include "kernel/evaluate/evaluate_model.h"
#include "runner/commands/arguments.h"
#include "runner/commands/device_arguments.h"

namespace lafs {

/// A model and what it is measured on.
struct MeasuredArguments {
  EvaluationRequest evaluation;
  RecipeArguments common;
  DeviceArguments device;
  const CLI::App* command = nullptr;  ///< to which the options were added

  /// The positional MODEL, `--input`, `--recipe`, `--on`, `--pictures`, `--batch`, `--device`, `--precision`, `--threads`, `--set` and
  /// `--stage`. `also_models`: what the command takes in place of a model besides, for the help.
  void add_to(CLI::App& app, const std::string& also_models = "");
  /// What was given; notes go to stderr. Throws Error for an option that would have no effect.
  EvaluationRequest request() const;
  /// The options that were given of those that only measuring follows, for commands that can also use what was measured before.
  std::vector<std::string> of_measuring() const;
};

}  // namespace lafs
