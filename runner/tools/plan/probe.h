#pragma once
#include <cstdint>

#include <c10/core/Device.h>

#include "kernel/model/assembly.h"
#include "kernel/recipe/recipe.h"

namespace lafs {

class Trainer;

struct ProbeLimits {
  int64_t steps = 3;   ///< to time, > 0
  double seconds = 3;  ///< for everything, first values of the weights included
};

/// How fast a recipe trains.
struct Speed {
  int64_t steps = 0, batch = 0;  ///< steps that were timed, and their images; 0 steps: estimated
  double images_per_second = 0;
  int64_t before = 0, peak = 0;  ///< most bytes of the process, on a GPU of its tensors, before the probe and after it; 0 when estimated
  double image_gflop = 0;        ///< of one image in a training step; of an estimate
  double product_gflops = 0;     ///< of a matrix product in the recipe's precision; of an estimate
};

/// Times real steps where at least one fits into the limits; else divides the operations of a step by the speed of a matrix product, for
/// which the weights of the encoder are overwritten with zeros. [main thread]
Speed measure_speed(const Recipe& recipe, RecipeAssembly& assembly, Trainer& trainer, at::Device device, const ProbeLimits& limits);

}  // namespace lafs
