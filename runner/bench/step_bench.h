#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "kernel/recipe.h"

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
  double loss = 0;                                           ///< of the last step
};

/// Runs the real loop of a recipe for `steps` steps after `warm_up` ones. Where the data is not there, noise stands for it.
/// `tell` is called before each step with its number. [main thread]
StepTimes bench_steps(const Recipe& recipe, int64_t steps, int64_t warm_up, const std::function<void(int64_t)>& tell);

}  // namespace lafs
