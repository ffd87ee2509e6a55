#pragma once
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "kernel/recipe/row.h"
#include "runner/tools/bench/ceilings.h"
#include "runner/tools/bench/step_bench.h"

namespace lafs {

/// A timed training step beside what the machine can do.
struct BenchReport {
  std::string title, precision;  ///< recipe, with its stage if it has one; of its forward pass
  Ceilings machine;
  StepTimes times;
  double core_share = 1;  ///< of the cores that were free for this program, before or after the steps, whichever is less
};

/// Times the only stage of a row, or the one of that name; weights of [[init]] are not loaded. Counts the steps on a terminal.
/// Throws Error for several stages and no name. [main thread]
BenchReport bench(const Row& row, const std::string& stage, BenchOptions options);

nlohmann::json bench_json(const BenchReport& report);
/// To standard output.
void print_bench(const BenchReport& report, const BenchOptions& options);

}  // namespace lafs
