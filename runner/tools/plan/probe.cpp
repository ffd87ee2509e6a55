#include "runner/tools/plan/probe.h"

#include <algorithm>
#include <chrono>
#include <memory>

#include <torch/nn/module.h>

#include "kernel/data/epochs.h"
#include "kernel/data/loader.h"
#include "kernel/data/noise_source.h"
#include "kernel/ranks/device.h"
#include "kernel/ranks/memory.h"
#include "kernel/train/trainer.h"
#include "runner/tools/bench/ceilings.h"
#include "runner/tools/plan/operations.h"

namespace lafs {

namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

/// Of a matrix product: what every processor of today reaches, and the share of its true speed that a step reaches.
constexpr double slowest_gflops = 5, share_of_product_speed = 1.0 / 3;
/// A parameter costs some passes over memory however small the batch is.
constexpr double seconds_per_parameter = 50e-9;

/// Of a step, and of the first values of the weights before it, where a step computes at this speed.
double likely_seconds(double image_gflop, double gflops, const Recipe& recipe, const Trainer& trainer) {
  return image_gflop * static_cast<double>(recipe.run.batch) / gflops +
         seconds_per_parameter * static_cast<double>(parameter_count(trainer));
}

/// Times steps of the real loop until the limits are reached, one at least. The first makes buffers, thread teams and caches, and counts
/// only where no other step fits.
void time_steps(const Recipe& recipe, RecipeAssembly& assembly, Trainer& trainer, at::Device device, const ProbeLimits& limits,
                Clock::time_point start, Speed& speed) {
  trainer.initialise([](const std::string&) {});
  std::shared_ptr<const DataSource> source =
      assembly.has_data()
          ? assembly.data()
          : std::make_shared<NoiseSource>(recipe.run.batch * (limits.steps + 1), std::max<int64_t>(1, recipe.run.identities), recipe.input);
  LoaderOptions options;
  options.batch = recipe.run.batch;
  options.end = limits.steps + 1;
  options.threads = recipe.run.loader_threads;
  Loader loader(source, assembly.augmentation(), recipe.input, options, device);
  const Timeline time = Epochs(recipe.run, source->size()).timeline();
  const auto step = [&] {
    const auto begin = Clock::now();
    trainer.step(time, [&] { return loader.next(); });
    return seconds_since(begin);
  };
  const double first = step();
  double timed = 0, last = first;
  while (speed.steps < limits.steps && seconds_since(start) + last <= limits.seconds) {
    timed += last = step();
    ++speed.steps;
  }
  if (speed.steps == 0) {
    timed = first;
    speed.steps = 1;
  }
  speed.batch = recipe.run.batch;
  speed.images_per_second = static_cast<double>(speed.steps * speed.batch) / timed;
  speed.peak = device.is_cpu() ? peak_bytes() : device_peak_bytes(device);
}

}  // namespace

Speed measure_speed(const Recipe& recipe, RecipeAssembly& assembly, Trainer& trainer, at::Device device, const ProbeLimits& limits) {
  const auto start = Clock::now();
  Speed speed, estimate;
  speed.before = device.is_cpu() ? peak_bytes() : device_peak_bytes(device);
  estimate.image_gflop = step_operations(trainer, assembly.augmentation()->layout(), device) / 1e9;
  const auto fits_at = [&](double gflops) {
    return seconds_since(start) + likely_seconds(estimate.image_gflop, gflops, recipe, trainer) < limits.seconds;
  };
  if (!fits_at(slowest_gflops)) {
    estimate.product_gflops = product_gflops(recipe.run.precision, device);
    estimate.images_per_second = estimate.product_gflops / estimate.image_gflop;
    if (!fits_at(estimate.product_gflops * share_of_product_speed)) return estimate;
  }
  time_steps(recipe, assembly, trainer, device, limits, start, speed);
  return speed;
}

}  // namespace lafs
