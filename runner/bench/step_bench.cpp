#include "runner/bench/step_bench.h"

#include <algorithm>
#include <chrono>
#include <map>

#include <fmt/format.h>

#include "runner/assembly.h"
#include "runner/data/loader.h"
#include "runner/data/noise_source.h"
#include "runner/device.h"
#include "runner/memory.h"
#include "runner/train/trainer.h"

namespace lafs {

namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

/// Views of one picture, thrown away.
class ScratchViews final : public Views {
 public:
  explicit ScratchViews(const ViewLayout& layout) {
    for (const ViewGroup& group : layout) groups_.emplace_back(static_cast<size_t>(group.height * group.width * 3));
  }
  std::span<uint8_t> image(size_t group, int64_t) override { return groups_[group]; }
  void landmarks(size_t, int64_t, std::span<const float>) override {}

 private:
  std::vector<std::vector<uint8_t>> groups_;
};

/// What one thread of the loader does, picture by picture.
void time_pictures(const DataSource& source, const Augmentation& augmentation, StepTimes& times) {
  ScratchViews views(augmentation.layout());
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

}  // namespace

StepTimes bench_steps(const Recipe& recipe, int64_t steps, int64_t warm_up, const std::function<void(int64_t)>& tell) {
  const at::Device device = open_device(recipe.run.device);
  use_threads(recipe.run.threads);
  RecipeAssembly assembly(recipe, RecipeAssembly::Data::if_there, [](const std::string& text) { fmt::print(stderr, "{}\n", text); });
  Trainer trainer(recipe, assembly, device);
  trainer.initialise([](const std::string&) {});
  StepTimes times;
  times.batch = recipe.run.batch;
  times.accumulate = recipe.run.accumulate;
  times.data_is_there = assembly.has_data();
  const int64_t micro_batches = (warm_up + steps) * recipe.run.accumulate;
  std::shared_ptr<const DataSource> source =
      assembly.has_data() ? assembly.data()
                          : std::make_shared<NoiseSource>(recipe.run.batch * micro_batches, assembly.identities(), recipe.input);
  const auto augmentation = assembly.augmentation();
  time_pictures(*source, *augmentation, times);

  LoaderOptions options;
  options.seed = static_cast<uint64_t>(recipe.run.seed);
  options.batch = recipe.run.batch;
  options.end = micro_batches;
  options.threads = recipe.run.loader_threads;
  options.prefetch = recipe.run.prefetch;
  Loader loader(source, augmentation, recipe.input, options, device);
  Timeline time = run_length(recipe.run, std::max(source->size(), recipe.run.batch * recipe.run.accumulate)).time;
  time.epoch = std::min<int64_t>(1, time.epochs - 1);  // past what holds for the first epoch only
  std::vector<double> all;
  std::map<std::string, double> sums;
  std::vector<std::string> order;
  for (int64_t i = 0; i < warm_up + steps; ++i) {
    tell(i);
    time.index = std::min(time.total - 1, time.epoch * time.steps_per_epoch + i);
    const auto start = Clock::now();
    const StepOutcome outcome = trainer.step(time, [&] { return loader.next(); });
    const double seconds = seconds_since(start);
    times.loss = outcome.loss;
    if (i < warm_up) continue;
    all.push_back(seconds);
    for (const auto& [part, value] : outcome.seconds) {
      if (!sums.contains(part)) order.push_back(part);
      sums[part] += value;
    }
  }
  std::sort(all.begin(), all.end());
  times.steps = steps;
  times.step_seconds = all[all.size() / 2];
  times.images_per_second = static_cast<double>(recipe.run.batch * recipe.run.accumulate) / times.step_seconds;
  for (const std::string& part : order) times.parts.emplace_back(part, sums[part] / static_cast<double>(steps));
  times.peak_bytes = peak_bytes();
  return times;
}

}  // namespace lafs
