#include "metrics/bootstrap.h"
#include "metrics/template_people.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "lafs/rng.h"
#include "metrics/paired_test.h"
#include "metrics/roc.h"
#include "support/error_of.h"

using namespace lafs;
using namespace lafs::metrics;

namespace {

/// Pairs of a few people, some scores tied.
struct Compared {
  std::vector<double> scores;
  std::vector<uint8_t> same;
  People people;

  explicit Compared(uint64_t seed, int64_t pairs = 120, int64_t identities = 9) {
    Rng rng(fold(key_of("bootstrap test"), seed));
    std::vector<int64_t> first, second;
    for (int64_t i = 0; i < pairs; ++i) {
      first.push_back(100 * rng.integer(0, identities));
      second.push_back(rng.coin(0.4) ? first.back() : 100 * rng.integer(0, identities));
      same.push_back(first.back() == second.back() ? 1 : 0);
      scores.push_back(std::round(20 * rng.normal(same.back() ? 1 : 0, 1)) / 20);
    }
    people = people_of(first, second);
  }
};

/// How often each person is in a sample, as the text of bootstrap.h has it: the draws of the same generator, one person at a time.
std::vector<int64_t> times_of(int64_t people, uint64_t sample, uint64_t key) {
  Rng rng(fold(fold(key_of("resampled people"), key), sample));
  std::vector<int64_t> times(static_cast<size_t>(people), 0);
  for (int64_t i = 0; i < people; ++i) ++times[static_cast<size_t>(rng.integer(0, people))];
  return times;
}

/// A resampled set written out pair by pair, and its curve: the oracle.
Roc written_out(const Compared& set, uint64_t sample, uint64_t key) {
  const auto times = times_of(set.people.count, sample, key);
  std::vector<double> scores;
  std::vector<uint8_t> same;
  for (size_t i = 0; i < set.scores.size(); ++i) {
    const auto a = static_cast<size_t>(set.people.first[i]), b = static_cast<size_t>(set.people.second[i]);
    for (int64_t n = a == b ? times[a] : times[a] * times[b]; n > 0; --n) {
      scores.push_back(set.scores[i]);
      same.push_back(set.same[i]);
    }
  }
  return roc_curve(scores, same, Collinear::keep);
}

}  // namespace

TEST_CASE("bootstrap: each sample is what the resampled pairs, written out, give") {
  const std::vector<double> far{0, 0.01, 0.1, 0.5, 1};
  for (const uint64_t seed : {1, 2, 3}) {
    const Compared set(seed);
    const Resampling how{40, 7 + seed};
    const auto samples = resampled_rates(set.scores, set.same, set.people, far, how);
    REQUIRE(samples.size() == far.size());
    int compared = 0;
    for (size_t s = 0; s < 40; ++s) {
      if (std::isnan(samples[0].tar[s])) continue;
      const Roc roc = written_out(set, s, how.key);
      for (size_t f = 0; f < far.size(); ++f) CHECK(samples[f].tar[s] == roc.tar(point_within(roc, far[f])));
      ++compared;
    }
    CHECK(compared >= 35);
  }
}

TEST_CASE("bootstrap: the threshold of a sample keeps the sample's false accepts within the target") {
  const Compared set(4, 400);
  const Resampling how{30, 1};
  const auto samples = resampled_rates(set.scores, set.same, set.people, std::vector<double>{0.05}, how)[0];
  for (size_t s = 0; s < 30; ++s) {
    const auto times = times_of(set.people.count, s, how.key);
    int64_t accepts = 0, impostors = 0;
    for (size_t i = 0; i < set.scores.size(); ++i) {
      if (set.same[i]) continue;
      const auto a = static_cast<size_t>(set.people.first[i]), b = static_cast<size_t>(set.people.second[i]);
      impostors += times[a] * times[b];
      accepts += set.scores[i] >= samples.threshold[s] ? times[a] * times[b] : 0;
    }
    CHECK(static_cast<double>(accepts) <= 0.05 * static_cast<double>(impostors));
  }
}

TEST_CASE("bootstrap: more samples begin with the same ones, and another key gives others") {
  const Compared set(5);
  const std::vector<double> far{0.1};
  const auto few = resampled_rates(set.scores, set.same, set.people, far, {20, 3})[0].tar;
  const auto many = resampled_rates(set.scores, set.same, set.people, far, {50, 3})[0].tar;
  const auto other = resampled_rates(set.scores, set.same, set.people, far, {20, 4})[0].tar;
  for (size_t s = 0; s < few.size(); ++s) CHECK((few[s] == many[s] || (std::isnan(few[s]) && std::isnan(many[s]))));
  CHECK(few != other);
}

TEST_CASE("bootstrap: an interval covers the true rate about as often as it says") {
  // Scores of normal distributions one and a half deviations apart: at a threshold that accepts 10 % of impostors, 58.7 % are accepted.
  const double truth = 0.5869;
  int covered = 0;
  const int sets = 60;
  for (int n = 0; n < sets; ++n) {
    Rng rng(fold(key_of("coverage"), static_cast<uint64_t>(n)));
    std::vector<double> scores;
    std::vector<uint8_t> same;
    for (int i = 0; i < 600; ++i) {
      same.push_back(i % 2 == 0 ? 1 : 0);
      scores.push_back(rng.normal(same.back() ? 1.5 : 0, 1));
    }
    const auto samples = resampled_rates(scores, same, pairs_alone(600), std::vector<double>{0.1}, {200, 1});
    const Interval interval = interval_of(samples[0].tar);
    covered += interval.low <= truth && truth <= interval.high ? 1 : 0;
  }
  CHECK(covered >= 51);
  CHECK(covered <= 60);
}

TEST_CASE("bootstrap: intervals are quantiles between neighbours, and values that do not exist are left out") {
  std::vector<double> values;
  for (int i = 40; i >= 0; --i) values.push_back(i);
  values.push_back(std::nan(""));
  const Interval interval = interval_of(values);
  CHECK(interval.low == doctest::Approx(1));
  CHECK(interval.high == doctest::Approx(39));
  CHECK(interval.standard_error == doctest::Approx(std::sqrt(140.0)));
  CHECK(std::isnan(interval_of({}).low));
}

TEST_CASE("bootstrap: people are numbered in the order of their pairs") {
  const People people = people_of(std::vector<int64_t>{7, 7, 9}, std::vector<int64_t>{7, 1, 1});
  CHECK(people.first == std::vector<int32_t>{0, 0, 2});
  CHECK(people.second == std::vector<int32_t>{0, 1, 1});
  CHECK(people.count == 3);
  CHECK(pairs_alone(3).second == std::vector<int32_t>{0, 1, 2});
}

TEST_CASE("bootstrap: a threshold for a rate is the curve's, with an interval around it") {
  const Compared set(6, 600, 40);
  const FarThreshold found = threshold_for_far(set.scores, set.same, set.people, 0.05, {300, 1});
  int64_t accepts = 0, impostors = 0;
  for (size_t i = 0; i < set.scores.size(); ++i) {
    if (set.same[i]) continue;
    ++impostors;
    accepts += set.scores[i] >= found.threshold ? 1 : 0;
  }
  CHECK(found.false_accepts == accepts);
  CHECK(found.impostors == impostors);
  CHECK(found.far <= 0.05);
  CHECK(found.threshold_interval.low <= found.threshold);
  CHECK(found.threshold <= found.threshold_interval.high);
  CHECK(found.tar_interval.low < found.tar_interval.high);
}

TEST_CASE("bootstrap: the interval of a mean widens where items of one person agree") {
  std::vector<double> values;
  std::vector<int64_t> one_each, ten_each;
  for (int64_t i = 0; i < 400; ++i) {
    values.push_back(i / 10 % 4 == 0 ? 0 : 1);
    one_each.push_back(7 * i);
    ten_each.push_back(i / 10 - 1000);
  }
  const Interval apart = interval_of_mean(values, one_each, {1000}), together = interval_of_mean(values, ten_each, {1000});
  CHECK(apart.standard_error == doctest::Approx(std::sqrt(0.75 * 0.25 / 400)).epsilon(0.1));
  CHECK(together.standard_error == doctest::Approx(std::sqrt(0.75 * 0.25 / 40)).epsilon(0.1));
  CHECK(apart.low < 0.75);
  CHECK(0.75 < apart.high);
  CHECK(std::isnan(interval_of_mean(values, one_each, {0}).low));
}

TEST_CASE("template people: chains of genuine pairs are one person") {
  // 0-3 and 3-5 are one person, 1-4 another, 2 is alone.
  const std::vector<uint32_t> first{0, 5, 1, 2, 4}, second{3, 3, 4, 0, 5};
  const People people = people_of_templates(first, second, std::vector<uint8_t>{1, 1, 1, 0, 0}, 6);
  CHECK(people.count == 3);
  CHECK(people.first == std::vector<int32_t>{0, 0, 1, 2, 1});
  CHECK(people.second == std::vector<int32_t>{0, 0, 1, 0, 0});
}

TEST_CASE("bootstrap: what cannot be resampled is an error") {
  const People two = pairs_alone(2);
  const std::vector<double> far{0.1};
  CHECK(test::error_of([&] { resampled_rates(std::vector<double>{1}, std::vector<uint8_t>{1}, two, far, {}); }) ==
        "1 pairs have the people of 2");
  CHECK(test::error_of([&] { resampled_rates(std::vector<double>{1, 2}, std::vector<uint8_t>{1, 1}, two, far, {}); }) ==
        "a curve needs impostor comparisons, and there are none");
}

TEST_CASE("paired test: McNemar's exact test equals the binomial sum") {
  CHECK(mcnemar_exact(0, 0) == 1);
  CHECK(mcnemar_exact(3, 3) == 1);
  CHECK(mcnemar_exact(0, 5) == doctest::Approx(2.0 / 32));
  CHECK(mcnemar_exact(5, 0) == doctest::Approx(2.0 / 32));
  CHECK(mcnemar_exact(1, 7) == doctest::Approx(2.0 * (1 + 8) / 256));
  CHECK(mcnemar_exact(4000, 4400) < 1e-4);
  CHECK(mcnemar_exact(4000, 4100) > 0.2);
}

TEST_CASE("paired test: a better model is found, an equal one is not") {
  Rng rng(key_of("paired"));
  std::vector<uint8_t> good, better, other;
  for (int i = 0; i < 2000; ++i) {
    good.push_back(rng.coin(0.9) ? 1 : 0);
    better.push_back(good.back() || rng.coin(0.4) ? 1 : 0);
    other.push_back(rng.coin(0.5) ? good.back() : (rng.coin(0.9) ? 1 : 0));
  }
  const PairedDifference gain = paired_difference(better, good, pairs_alone(2000), {});
  CHECK(gain.only_second == 0);
  CHECK(gain.difference == doctest::Approx(static_cast<double>(gain.only_first) / 2000));
  CHECK(gain.interval.low > 0);
  CHECK(gain.is_real());
  const PairedDifference none = paired_difference(other, good, pairs_alone(2000), {});
  CHECK_FALSE(none.is_real());
  CHECK(none.interval.low < 0);
  CHECK(none.interval.high > 0);
  CHECK(test::error_of([&] { paired_difference(good, std::vector<uint8_t>{1}, pairs_alone(1), {}); }) ==
        "one model has 2000 pairs, the other 1");
}

TEST_CASE("bootstrap: intervals of true accept rates are those of the resampled rates, and nobody is counted without samples") {
  std::vector<double> scores;
  std::vector<uint8_t> same;
  for (int i = 0; i < 60; ++i) {
    scores.push_back(i * 37 % 60 + (i % 2) * 15);
    same.push_back(i % 2);
  }
  const std::vector<double> far{0.1, 0.5};
  const auto people = [] { return pairs_alone(60); };
  const auto intervals = tar_intervals(scores, same, people, far, {50});
  const auto samples = resampled_rates(scores, same, people(), far, {50});
  for (size_t f = 0; f < 2; ++f) CHECK(intervals[f].low == interval_of(samples[f].tar).low);
  const auto none = tar_intervals(scores, same, []() -> People { throw Error("nobody asks"); }, far, {0});
  CHECK(none.size() == 2);
  CHECK(std::isnan(none[0].low));
}
