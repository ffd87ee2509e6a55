#include "metrics/separation.h"

#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include "lafs/rng.h"
#include "support/error_of.h"

namespace lafs::metrics {
namespace {

struct Drawn {
  std::vector<double> scores;
  std::vector<uint8_t> same;
};

Drawn drawn(int64_t pairs, double distance, uint64_t seed) {
  Rng rng(seed);
  Drawn all;
  for (int64_t i = 0; i < pairs; ++i) {
    const bool genuine = i % 2 == 0;
    all.scores.push_back(rng.normal(genuine ? distance : 0, 1));
    all.same.push_back(genuine ? 1 : 0);
  }
  return all;
}

TEST_CASE("separation: the distance of the means in deviations") {
  const std::vector<uint8_t> same{1, 1, 0, 0};
  CHECK(separation(std::vector<double>{3, 5, 0, 2}, same) == doctest::Approx(3.0));  // means 4 and 1, variances 1
  CHECK(separation(std::vector<double>{0, 2, 3, 5}, same) == doctest::Approx(-3.0));
  CHECK(separation(std::vector<double>{1, 1, 1, 1}, same) == 0);
  const Drawn many = drawn(40000, 1.5, 3);
  CHECK(separation(many.scores, many.same) == doctest::Approx(1.5).epsilon(0.02));
}

TEST_CASE("separation: neither scale nor shift of the scores matters") {
  const Drawn one = drawn(400, 1, 5);
  std::vector<double> other;
  for (const double score : one.scores) other.push_back(7 - 0.25 + 0.25 * score);
  CHECK(separation(other, one.same) == doctest::Approx(separation(one.scores, one.same)));
  const SeparationGain none = separation_gain(one.scores, other, one.same, 100, 1);
  CHECK(std::abs(none.gain()) < 1e-9);
  CHECK(none.standard_error < 1e-9);
}

TEST_CASE("separation: the error of a gain is that of repeated sets") {
  // Scores of both ways share most of their noise, so that their difference is known better than either.
  std::vector<double> gains;
  double told = 0;
  for (uint64_t set = 0; set < 60; ++set) {
    const Drawn base = drawn(400, 1.5, 100 + set);
    Rng noise(1000 + set);
    std::vector<double> before, after;
    for (const double score : base.scores) {
      before.push_back(score + noise.normal(0, 0.5));
      after.push_back(score + noise.normal(0, 0.3));
    }
    const SeparationGain gain = separation_gain(before, after, base.same, 200, set);
    gains.push_back(gain.gain());
    told += gain.standard_error / 60;
  }
  double mean = 0, variance = 0;
  for (const double gain : gains) mean += gain / 60;
  for (const double gain : gains) variance += (gain - mean) * (gain - mean) / 59;
  CHECK(told == doctest::Approx(std::sqrt(variance)).epsilon(0.3));
  CHECK(mean > 0.05);
}

TEST_CASE("separation: errors") {
  const std::vector<double> three{1, 2, 3};
  CHECK(test::error_of([&] { separation(three, std::vector<uint8_t>{1, 0}); }) == "3 scores for 2 pairs");
  CHECK(test::error_of([&] { separation(three, std::vector<uint8_t>{1, 0, 0}); }) ==
        "1 genuine and 2 impostor pairs; a spread needs two of each");
  CHECK(test::error_of([&] { separation_gain(three, std::vector<double>{1}, std::vector<uint8_t>{1, 0, 0}, 10, 1); }) ==
        "3 scores beside 1");
}

}  // namespace
}  // namespace lafs::metrics
