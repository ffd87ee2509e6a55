#include <cstdint>
#include <vector>

#include <benchmark/benchmark.h>

#include "lafs/rng.h"
#include "metrics/bootstrap.h"
#include "metrics/pair_distances.h"
#include "metrics/verification.h"

/// View 2 of LFW, made up: 6,000 pairs of 7,701 pictures and 4,281 people, rows of 512 numbers and of their mirrors.
namespace lafs {
namespace {

constexpr int64_t pictures = 7'701, people = 4'281, width = 512, pair_count = 6'000, folds = 10;

struct LfwSize {
  std::vector<float> rows;
  std::vector<metrics::Pair> pairs;
  std::vector<uint8_t> same;
  std::vector<int64_t> first, second;

  LfwSize() {
    Rng rng(1);
    for (int64_t i = 0; i < pictures * width * 2; ++i) rows.push_back(static_cast<float>(rng.normal()));
    for (int64_t p = 0; p < pair_count; ++p) {
      pairs.push_back({rng.integer(0, pictures), rng.integer(0, pictures), p % 600 < 300});
      same.push_back(pairs.back().same ? 1 : 0);
      first.push_back(rng.integer(0, people));
      second.push_back(pairs.back().same ? first.back() : rng.integer(0, people));
    }
  }
};

const LfwSize& lfw() {
  static const LfwSize made;
  return made;
}

/// From embeddings to the accuracy: distances of picture and mirror added, thresholds and folds.
void lfw_folds(benchmark::State& state) {
  const LfwSize& set = lfw();
  for (auto _ : state) {
    const auto distances = metrics::pair_distances(set.rows, width, /*flip=*/true, set.pairs);
    benchmark::DoNotOptimize(metrics::fold_accuracy(distances.squared, set.same, folds).mean);
  }
}
BENCHMARK(lfw_folds)->Unit(benchmark::kMillisecond)->UseRealTime();

/// 1,000 samples of the people, true accept rates at three false accept rates.
void lfw_bootstrap(benchmark::State& state) {
  const LfwSize& set = lfw();
  std::vector<double> scores = metrics::pair_distances(set.rows, width, /*flip=*/true, set.pairs).squared;
  for (double& score : scores) score = -score;
  const metrics::People compared = metrics::people_of(set.first, set.second);
  const std::vector<double> far{0.001, 0.01, 0.1};
  for (auto _ : state) benchmark::DoNotOptimize(metrics::resampled_rates(scores, set.same, compared, far, {1000}).data());
}
BENCHMARK(lfw_bootstrap)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
}  // namespace lafs
