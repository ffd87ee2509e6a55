#include "runner/tools/bench/step_bench.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>

#include <fmt/format.h>

#include "kernel/data/epochs.h"
#include "kernel/data/loader.h"
#include "kernel/data/noise_source.h"
#include "kernel/model/assembly.h"
#include "kernel/ranks/device.h"
#include "kernel/ranks/memory.h"
#include "kernel/train/trainer.h"
#include "lafs/plain_views.h"
#include "runner/report/say.h"
#include "runner/tools/bench/step_trace.h"

namespace lafs {

namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

/// What one thread of the loader does, picture by picture.
void time_pictures(const DataSource& source, const Augmentation& augmentation, StepTimes& times) {
  PlainViews views(augmentation.layout());
  double decode = 0, augment = 0;
  int64_t pictures = 0;
  for (; pictures < 256 && decode + augment < 0.5; ++pictures) {
    auto start = Clock::now();
    const Sample sample = source.get(pictures % source.size());
    decode += seconds_since(start);
    start = Clock::now();
    Rng rng(static_cast<uint64_t>(pictures));
    augmentation.views(sample, rng, views);
    augment += seconds_since(start);
  }
  times.decode_milliseconds = 1e3 * decode / static_cast<double>(pictures);
  times.augment_milliseconds = 1e3 * augment / static_cast<double>(pictures);
}

/// The loop of a recipe, with noise where its data is not there.
class BenchLoop {
 public:
  BenchLoop(const Recipe& recipe, int64_t steps)
      : recipe_(recipe),
        device_(open_device(recipe.run.device, {recipe.run.tf32, recipe.run.deterministic})),
        assembly_(recipe, RecipeAssembly::Data::if_there, [](const std::string& text) { say("{}\n", text); }),
        trainer_(recipe, assembly_, device_) {
    use_threads(recipe.run.threads);
    trainer_.initialise([](const std::string&) {});
    const int64_t micro_batches = steps * recipe.run.accumulate;
    source_ = assembly_.has_data() ? assembly_.data()
                                   : std::make_shared<NoiseSource>(recipe.run.batch * micro_batches, assembly_.identities(), recipe.input);
    augmentation_ = assembly_.augmentation();
    const LoaderOptions options = loader_options(recipe.run, 0, micro_batches);
    loader_ = std::make_unique<Loader>(source_, augmentation_, recipe.input, options, device_);
    time_ = Epochs(recipe.run, std::max(source_->size(), recipe.run.batch * recipe.run.accumulate)).timeline();
    time_.epoch = time_.epochs > 1 ? 1 : 0;  // past what holds for the first epoch only
  }

  StepOutcome step() {
    time_.index = std::min(time_.total - 1, time_.epoch * time_.steps_per_epoch + done_++);
    return trainer_.step(time_, [this] { return loader_->next(); });
  }

  bool has_data() const { return assembly_.has_data(); }
  at::Device device() const { return device_; }
  const DataSource& source() const { return *source_; }
  const Augmentation& augmentation() const { return *augmentation_; }
  /// Waits for the loader's threads; the last call.
  void stop_loading() { loader_.reset(); }

 private:
  const Recipe& recipe_;
  at::Device device_;
  RecipeAssembly assembly_;
  Trainer trainer_;
  std::shared_ptr<const DataSource> source_;
  std::shared_ptr<Augmentation> augmentation_;
  std::unique_ptr<Loader> loader_;
  Timeline time_;
  int64_t done_ = 0;
};

void time_steps(BenchLoop& loop, const BenchOptions& options, StepTimes& times) {
  std::vector<double> all;
  for (int64_t i = 0; i < options.warm_up + options.steps; ++i) {
    if (options.tell) options.tell(i);
    const auto start = Clock::now();
    const StepOutcome outcome = loop.step();
    const double seconds = seconds_since(start);
    if (!outcome.left_out.empty()) throw Error(outcome.left_out + ": there is no step to time");
    times.loss = outcome.loss;
    if (i < options.warm_up) continue;
    all.push_back(seconds);
    if (times.parts.empty()) times.parts.assign(outcome.seconds.size(), {"", 0});
    for (size_t p = 0; p < outcome.seconds.size(); ++p) {
      times.parts[p].first = outcome.seconds[p].first;
      times.parts[p].second += outcome.seconds[p].second / static_cast<double>(options.steps);
    }
  }
  std::sort(all.begin(), all.end());
  times.steps = options.steps;
  times.step_seconds = all[all.size() / 2];
  times.images_per_second = static_cast<double>(times.batch * times.accumulate) / times.step_seconds;
}

}  // namespace

StepTimes bench_steps(const Recipe& recipe, const BenchOptions& options) {
  const int64_t traced = options.trace.empty() ? 0 : options.traced_steps;
  const int64_t ahead = traced > 0 ? recipe.run.prefetch : 0;  // or a trace would show a loader that has nothing left to do
  BenchLoop loop(recipe, options.warm_up + options.steps + traced + ahead);
  std::optional<StepTrace> trace;
  if (traced > 0) trace.emplace(options.trace, loop.device());
  StepTimes times;
  times.batch = recipe.run.batch;
  times.accumulate = recipe.run.accumulate;
  times.data_is_there = loop.has_data();
  time_pictures(loop.source(), loop.augmentation(), times);
  time_steps(loop, options, times);
  times.peak_bytes = peak_bytes();
  times.device_peak_bytes = device_peak_bytes(loop.device());
  if (trace) {
    trace->start();
    for (int64_t i = 0; i < traced; ++i) loop.step();
    loop.stop_loading();
    times.trace_events = trace->finish();
  }
  return times;
}

}  // namespace lafs
