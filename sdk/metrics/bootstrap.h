#pragma once
#include <cstdint>
#include <functional>
#include <limits>
#include <span>
#include <string_view>
#include <vector>

namespace lafs::metrics {

/// Who is compared in each pair, numbered from 0. A resampled set holds a person several times or not at all; a genuine pair then counts
/// as often as its person, an impostor pair as often as the product of both. A pair with one number twice stands for itself alone.
struct People {
  std::vector<int32_t> first, second;
  int64_t count = 0;  ///< of people
};
/// With fewer people than these, intervals from drawing them again are not to be relied on: they are too narrow.
inline constexpr int64_t fewest_people = 10;
/// Numbers people from 0 in the order of the identities given, which may have gaps.
People people_of(std::span<const int64_t> first, std::span<const int64_t> second);
/// Where nobody knows the people: every pair is resampled by itself.
People pairs_alone(int64_t pairs);

/// The middle 95 % of resampled values, and their deviation. NaN when no sample had a value.
struct Interval {
  double low = std::numeric_limits<double>::quiet_NaN(), high = low, standard_error = low;
};
/// Of values in any order; those that are not finite are left out. Quantiles at 2.5 and 97.5 %, between neighbours linearly.
Interval interval_of(std::vector<double> values);

/// How a set is resampled: people drawn with replacement ("vertex" bootstrap, Fogliato, Patil and Perona 2023, arXiv:2306.01198).
/// Keyed Philox numbers: the samples are a function of key and number alone, whatever the threads.
struct Resampling {
  int64_t samples = 1000;  ///< 0: no intervals
  uint64_t key = 1;
};
/// The sentence that documents an evaluator's option for the number of samples.
inline constexpr std::string_view about_bootstrap =
    "samples of the people, drawn with replacement, from which the intervals come; 0: no intervals";

/// What a false accept rate gives in each sample.
struct RateSamples {
  std::vector<double> tar;        ///< true accept rate at the largest rate of false accepts not above the target
  std::vector<double> threshold;  ///< accepted: scores of at least this
};
/// One entry for each target. Scores with 1 for genuine, 0 for impostor; larger means more alike. A sample without genuine or impostor
/// pairs has NaN. Memory: 16 bytes a pair, as many again while they are sorted, and 32
/// bytes a person for each thread. Throws Error for unequal lengths, NaN scores, or pairs of one kind alone.
std::vector<RateSamples> resampled_rates(std::span<const double> scores, std::span<const uint8_t> same, const People& people,
                                         std::span<const double> far_targets, const Resampling& how);

/// The intervals of the true accept rates of `resampled_rates`, one for each target; `people` is asked for only where there are samples and
/// targets, and without samples every interval is NaN.
std::vector<Interval> tar_intervals(std::span<const double> scores, std::span<const uint8_t> same, const std::function<People()>& people,
                                    std::span<const double> far_targets, const Resampling& how);

/// The mean of a value a pair in each sample, such as accuracy, or its difference between two models.
std::vector<double> resampled_means(std::span<const double> values, const People& people, const Resampling& how);

/// The interval of the mean of a value an item, such as a probe found at rank 1, where each item is of one person and people are resampled.
/// NaN where no samples are asked for.
Interval interval_of_mean(std::span<const double> values, std::span<const int64_t> identities, const Resampling& how);

/// The score from which on pairs are accepted so that false accepts are not above the target, with the interval that resampling gives.
/// Infinite where the first false accept is too much, however strict.
struct FarThreshold {
  double threshold = 0, far = 0, tar = 0;  ///< far: what the threshold gives on these pairs
  Interval threshold_interval, tar_interval;
  int64_t false_accepts = 0, impostors = 0, genuine = 0;
};
FarThreshold threshold_for_far(std::span<const double> scores, std::span<const uint8_t> same, const People& people, double far_target,
                               const Resampling& how);

}  // namespace lafs::metrics
