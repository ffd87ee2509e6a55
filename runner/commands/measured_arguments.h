#pragma once
#include "kernel/evaluate/evaluate_model.h"
#include "runner/commands/arguments.h"

namespace lafs {

/// A model and what it is measured on.
struct MeasuredArguments {
  EvaluationRequest evaluation;
  RecipeArguments common;

  /// The positional MODEL, `--input`, `--recipe`, `--on`, `--pictures`, `--batch`, `--set` and `--stage`.
  void add_to(CLI::App& command);
  /// What was given; notes go to stderr.
  EvaluationRequest request() const;
};

}  // namespace lafs
