#pragma once
#include <string>

#include "runner/tools/plan/find_lr.h"
#include "runner/tools/plan/plan.h"

namespace CLI {
class App;
}

namespace lafs {

/// `--probe` and `--probe-seconds`.
void probe_options(CLI::App& command, PlanOptions& options);

/// `lafs plan --find-lr`.
struct FindLrArguments {
  FindLr how;
  bool wanted = false;

  /// `--find-lr`, and `--lr-steps`, `--lr-from`, `--lr-to`, `--picture` and `--force`, which need it.
  void add_to(CLI::App& command);
};

/// Finds rates and prints them; returns the exit status.
int print_found_lr(const Row& row, const std::string& stage, const FindLr& how, bool json);

}  // namespace lafs
