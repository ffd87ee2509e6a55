#include "metrics/bootstrap.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <numeric>
#include <unordered_map>
#include <utility>

#include "lafs/error.h"
#include "lafs/parallel.h"
#include "lafs/rng.h"
#include "metrics/roc.h"

namespace lafs::metrics {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
/// Samples that are counted side by side, in the lanes of a vector; pairs whose weights are summed before they are told apart.
constexpr size_t lanes = 16, stretch = 1024;

/// How often each person was drawn, for `lanes` samples: [person][lane].
using Multiplicity = std::vector<std::array<uint16_t, lanes>>;

Multiplicity drawn(int64_t people, size_t block, const Resampling& how) {
  Multiplicity times(static_cast<size_t>(people));
  for (size_t lane = 0; lane < lanes; ++lane) {
    Rng rng(fold(fold(key_of("resampled people"), how.key), block * lanes + lane));
    for (int64_t i = 0; i < people; ++i) ++times[static_cast<size_t>(rng.integer(0, people))][lane];
  }
  return times;
}

/// Pairs of one kind, best score first, with their people.
struct Ranked {
  std::vector<double> scores;
  std::vector<int32_t> first, second;

  Ranked(std::span<const double> all, std::span<const uint8_t> same, const People& people, bool genuine) {
    std::vector<std::pair<double, uint32_t>> order;  // scores lie beside their places: sorting then reads no other memory
    for (size_t i = 0; i < all.size(); ++i)
      if ((same[i] != 0) == genuine) order.emplace_back(all[i], static_cast<uint32_t>(i));
    std::sort(order.begin(), order.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
    scores.reserve(order.size());
    first.reserve(order.size());
    second.reserve(order.size());
    for (const auto& [score, i] : order) {
      scores.push_back(score);
      first.push_back(people.first[i]);
      second.push_back(people.second[i]);
    }
  }
  size_t size() const { return scores.size(); }
  /// Pairs with a score above this one.
  size_t above(double score) const {
    return static_cast<size_t>(std::lower_bound(scores.begin(), scores.end(), score, std::greater<>()) - scores.begin());
  }
};

using Sums = std::array<uint64_t, lanes>;

/// Adds the weights of the pairs [begin, end) in every lane.
void add_weights(const std::vector<int32_t>& first, const std::vector<int32_t>& second, size_t begin, size_t end, const Multiplicity& times,
                 Sums& sums) {
  std::array<uint32_t, lanes> part{};
  for (size_t i = begin; i < end; ++i) {
    const auto &a = times[static_cast<size_t>(first[i])], &b = times[static_cast<size_t>(second[i])];
    if (first[i] == second[i])
      for (size_t l = 0; l < lanes; ++l) part[l] += a[l];
    else
      for (size_t l = 0; l < lanes; ++l) part[l] += static_cast<uint32_t>(a[l]) * b[l];
  }
  for (size_t l = 0; l < lanes; ++l) sums[l] += part[l];
}

/// Weights of ranked pairs in the samples of a block: sums up to each stretch, the rest counted when asked for.
class Weighed {
 public:
  Weighed(const Ranked& pairs, const Multiplicity& times) : pairs_(pairs), times_(times), before_{Sums{}} {
    for (size_t begin = 0; begin < pairs.size(); begin += stretch) {
      Sums sums = before_.back();
      add_weights(pairs.first, pairs.second, begin, std::min(begin + stretch, pairs.size()), times, sums);
      before_.push_back(sums);
    }
  }
  uint64_t total(size_t lane) const { return before_.back()[lane]; }
  uint64_t weight(size_t pair, size_t lane) const {
    const uint64_t a = times_[static_cast<size_t>(pairs_.first[pair])][lane];
    return pairs_.first[pair] == pairs_.second[pair] ? a : a * times_[static_cast<size_t>(pairs_.second[pair])][lane];
  }
  /// Of the best `count` pairs.
  uint64_t of_best(size_t count, size_t lane) const {
    uint64_t sum = before_[count / stretch][lane];
    for (size_t i = count / stretch * stretch; i < count; ++i) sum += weight(i, lane);
    return sum;
  }
  /// The first pair whose weight and that of all before it is a larger share of the whole than `share`; size() for none.
  size_t first_beyond(double share, size_t lane) const {
    const auto beyond = [&](uint64_t sum) { return static_cast<double>(sum) / static_cast<double>(total(lane)) > share; };
    const auto after = std::partition_point(before_.begin() + 1, before_.end(), [&](const Sums& sums) { return !beyond(sums[lane]); });
    if (after == before_.end()) return pairs_.size();
    auto i = static_cast<size_t>(after - before_.begin() - 1) * stretch;
    for (uint64_t sum = (*(after - 1))[lane] + weight(i, lane); !beyond(sum); sum += weight(i, lane)) ++i;
    return i;
  }

 private:
  const Ranked& pairs_;
  const Multiplicity& times_;
  std::vector<Sums> before_;  ///< [stretch][lane], and the whole
};

/// The smallest score of a pair above the one that is too many; infinity for none.
double strictest_above(const Ranked& genuine, const Ranked& impostor, double excluded) {
  double threshold = HUGE_VAL;
  for (const Ranked* kind : {&genuine, &impostor})
    if (const size_t above = kind->above(excluded); above > 0) threshold = std::min(threshold, kind->scores[above - 1]);
  return threshold;
}

void check_people(size_t pairs, const People& people) {
  if (people.first.size() != pairs || people.second.size() != pairs)
    throw Error(fmt::format("{} pairs have the people of {}", pairs, people.first.size()));
}

/// Calls `each(block)` for the blocks of samples on all cores.
void for_sample_blocks(const Resampling& how, const std::function<void(size_t)>& each) {
  const auto blocks = (how.samples + static_cast<int64_t>(lanes) - 1) / static_cast<int64_t>(lanes);
  for_blocks(0, blocks, 1, hardware_threads(), [&](int64_t begin, int64_t end) {
    for (int64_t block = begin; block < end; ++block) each(static_cast<size_t>(block));
  });
}

}  // namespace

People people_of(std::span<const int64_t> first, std::span<const int64_t> second) {
  std::unordered_map<int64_t, int32_t> numbers;
  People people;
  const auto number = [&](int64_t identity) { return numbers.emplace(identity, static_cast<int32_t>(numbers.size())).first->second; };
  for (size_t i = 0; i < first.size(); ++i) {
    people.first.push_back(number(first[i]));
    people.second.push_back(number(second[i]));
  }
  people.count = static_cast<int64_t>(numbers.size());
  return people;
}

People pairs_alone(int64_t pairs) {
  People people{std::vector<int32_t>(static_cast<size_t>(pairs)), {}, pairs};
  std::iota(people.first.begin(), people.first.end(), 0);
  people.second = people.first;
  return people;
}

Interval interval_of(std::vector<double> values) {
  std::erase_if(values, [](double value) { return !std::isfinite(value); });
  if (values.empty()) return {};
  std::sort(values.begin(), values.end());
  const auto quantile = [&](double share) {
    const double place = share * static_cast<double>(values.size() - 1);
    const auto below = static_cast<size_t>(place);
    const double next = values[std::min(below + 1, values.size() - 1)];
    return values[below] + (place - static_cast<double>(below)) * (next - values[below]);
  };
  const double mean = std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
  double squares = 0;
  for (const double value : values) squares += (value - mean) * (value - mean);
  return {quantile(0.025), quantile(0.975), std::sqrt(squares / static_cast<double>(values.size()))};
}

std::vector<RateSamples> resampled_rates(std::span<const double> scores, std::span<const uint8_t> same, const People& people,
                                         std::span<const double> far_targets, const Resampling& how) {
  check_people(scores.size(), people);
  check_scores(scores, same);
  const Ranked genuine(scores, same, people, true), impostor(scores, same, people, false);
  const auto samples = static_cast<size_t>(how.samples);
  std::vector<RateSamples> out(far_targets.size(), RateSamples{std::vector<double>(samples, nan), std::vector<double>(samples, nan)});
  for_sample_blocks(how, [&](size_t block) {
    const Multiplicity times = drawn(people.count, block, how);
    const Weighed of_genuine(genuine, times), of_impostor(impostor, times);
    for (size_t lane = 0; lane < lanes && block * lanes + lane < samples; ++lane) {
      if (of_genuine.total(lane) == 0 || of_impostor.total(lane) == 0) continue;
      for (size_t f = 0; f < far_targets.size(); ++f) {
        const size_t beyond = of_impostor.first_beyond(far_targets[f], lane);
        const double excluded = beyond == impostor.size() ? -HUGE_VAL : impostor.scores[beyond];
        const uint64_t accepted = of_genuine.of_best(genuine.above(excluded), lane);
        out[f].tar[block * lanes + lane] = static_cast<double>(accepted) / static_cast<double>(of_genuine.total(lane));
        out[f].threshold[block * lanes + lane] = strictest_above(genuine, impostor, excluded);
      }
    }
  });
  return out;
}

std::vector<Interval> tar_intervals(std::span<const double> scores, std::span<const uint8_t> same, const std::function<People()>& people,
                                    std::span<const double> far_targets, const Resampling& how) {
  std::vector<Interval> intervals(far_targets.size());
  if (how.samples == 0 || far_targets.empty()) return intervals;
  const auto samples = resampled_rates(scores, same, people(), far_targets, how);
  for (size_t f = 0; f < intervals.size(); ++f) intervals[f] = interval_of(samples[f].tar);
  return intervals;
}

std::vector<double> resampled_means(std::span<const double> values, const People& people, const Resampling& how) {
  check_people(values.size(), people);
  std::vector<double> means(static_cast<size_t>(how.samples), nan);
  for_sample_blocks(how, [&](size_t block) {
    const Multiplicity times = drawn(people.count, block, how);
    std::array<double, lanes> sums{}, weights{};
    for (size_t i = 0; i < values.size(); ++i) {
      const auto &a = times[static_cast<size_t>(people.first[i])], &b = times[static_cast<size_t>(people.second[i])];
      for (size_t l = 0; l < lanes; ++l) {
        const double weight = people.first[i] == people.second[i] ? a[l] : static_cast<double>(a[l]) * b[l];
        weights[l] += weight;
        sums[l] += weight * values[i];
      }
    }
    for (size_t l = 0; l < lanes && block * lanes + l < means.size(); ++l)
      if (weights[l] > 0) means[block * lanes + l] = sums[l] / weights[l];
  });
  return means;
}

Interval interval_of_mean(std::span<const double> values, std::span<const int64_t> identities, const Resampling& how) {
  if (how.samples == 0) return {};
  return interval_of(resampled_means(values, people_of(identities, identities), how));
}

FarThreshold threshold_for_far(std::span<const double> scores, std::span<const uint8_t> same, const People& people, double far_target,
                               const Resampling& how) {
  const Roc roc = roc_curve(scores, same, Collinear::keep);
  const size_t point = point_within(roc, far_target);
  const std::vector<double> targets{far_target};
  const RateSamples samples = resampled_rates(scores, same, people, targets, how)[0];
  return {.threshold = roc.points[point].score,
          .far = roc.far(point),
          .tar = roc.tar(point),
          .threshold_interval = interval_of(samples.threshold),
          .tar_interval = interval_of(samples.tar),
          .false_accepts = roc.points[point].fp,
          .impostors = roc.impostors,
          .genuine = roc.genuine};
}

}  // namespace lafs::metrics
