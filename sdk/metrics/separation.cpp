#include "metrics/separation.h"

#include <fmt/format.h>

#include <cmath>
#include <vector>

#include "lafs/error.h"
#include "lafs/rng.h"

namespace lafs::metrics {

namespace {

/// Sums of some scores of one kind.
struct Moments {
  double count = 0, sum = 0, squares = 0;

  void add(double score) {
    ++count;
    sum += score;
    squares += score * score;
  }
  double mean() const { return sum / count; }
  double variance() const { return std::max(0.0, squares / count - mean() * mean()); }
};

double sensitivity(const Moments& genuine, const Moments& impostors) {
  const double spread = std::sqrt((genuine.variance() + impostors.variance()) / 2);
  const double distance = genuine.mean() - impostors.mean();
  return spread > 1e-12 * std::abs(distance) && spread > 1e-15 ? distance / spread : 0;
}

struct PairsByKind {
  std::vector<size_t> genuine, impostors;
};

PairsByKind by_kind(size_t scores, std::span<const uint8_t> same) {
  if (scores != same.size()) throw Error(fmt::format("{} scores for {} pairs", scores, same.size()));
  PairsByKind kinds;
  for (size_t i = 0; i < same.size(); ++i) (same[i] ? kinds.genuine : kinds.impostors).push_back(i);
  if (kinds.genuine.size() < 2 || kinds.impostors.size() < 2) {
    throw Error(fmt::format("{} genuine and {} impostor pairs; a spread needs two of each", kinds.genuine.size(), kinds.impostors.size()));
  }
  return kinds;
}

double sensitivity_of(std::span<const double> scores, const PairsByKind& kinds) {
  Moments genuine, impostors;
  for (const size_t i : kinds.genuine) genuine.add(scores[i]);
  for (const size_t i : kinds.impostors) impostors.add(scores[i]);
  return sensitivity(genuine, impostors);
}

/// The difference for pairs drawn with replacement, as many of each kind as there are.
double drawn_gain(std::span<const double> before, std::span<const double> after, const PairsByKind& kinds, Rng draws) {
  Moments moments[2][2];
  for (size_t kind = 0; kind < 2; ++kind) {
    const std::vector<size_t>& pairs = kind == 0 ? kinds.genuine : kinds.impostors;
    for (size_t n = 0; n < pairs.size(); ++n) {
      const size_t i = pairs[static_cast<size_t>(draws.integer(0, static_cast<int64_t>(pairs.size())))];
      moments[0][kind].add(before[i]);
      moments[1][kind].add(after[i]);
    }
  }
  return sensitivity(moments[1][0], moments[1][1]) - sensitivity(moments[0][0], moments[0][1]);
}

}  // namespace

double separation(std::span<const double> scores, std::span<const uint8_t> same) {
  return sensitivity_of(scores, by_kind(scores.size(), same));
}

SeparationGain separation_gain(std::span<const double> before, std::span<const double> after, std::span<const uint8_t> same,
                               int64_t samples, uint64_t seed) {
  if (before.size() != after.size()) throw Error(fmt::format("{} scores beside {}", before.size(), after.size()));
  const PairsByKind kinds = by_kind(before.size(), same);
  SeparationGain gain{sensitivity_of(before, kinds), sensitivity_of(after, kinds), 0};
  double sum = 0, squares = 0;
  for (int64_t sample = 0; sample < samples; ++sample) {
    const double drawn = drawn_gain(before, after, kinds, Rng(fold(seed, static_cast<uint64_t>(sample))));
    sum += drawn;
    squares += drawn * drawn;
  }
  const auto n = static_cast<double>(samples);
  gain.standard_error = samples > 1 ? std::sqrt(std::max(0.0, (squares - sum * sum / n) / (n - 1))) : 0;
  return gain;
}

}  // namespace lafs::metrics
