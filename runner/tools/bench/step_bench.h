#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "kernel/recipe/recipe.h"

namespace lafs {

/// Where the time of a training step goes.
struct StepTimes {
  int64_t steps = 0, batch = 0, accumulate = 1;
  bool data_is_there = true;                                 ///< or noise stood for it
  double step_seconds = 0;                                   ///< median
  double images_per_second = 0;                              ///< at that median
  std::vector<std::pair<std::string, double>> parts;         ///< mean seconds a step: "load" (waiting), "forward", "backward", ...
  double decode_milliseconds = 0, augment_milliseconds = 0;  ///< of a picture, on one thread
  int64_t peak_bytes = 0;                                    ///< of the process
  int64_t device_peak_bytes = 0;                             ///< of tensors on a GPU
  double loss = 0;                                           ///< of the last timed step
  int64_t trace_events = 0;                                  ///< written, where a trace was asked for
};

struct BenchOptions {
  int64_t steps = 20, warm_up = 2;    ///< timed steps, > 0, and those before them
  std::filesystem::path trace;        ///< where a trace goes; empty: none
  int64_t traced_steps = 3;           ///< after the timed ones, which it must not slow down
  std::function<void(int64_t)> tell;  ///< called before each step but the traced, with its number; may be empty
};

/// Runs the real loop of a recipe. Where the data is not there, noise stands for it. [main thread]
StepTimes bench_steps(const Recipe& recipe, const BenchOptions& options);

}  // namespace lafs
