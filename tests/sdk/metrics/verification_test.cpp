#include "metrics/verification.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "lafs/error.h"
#include "lafs/rng.h"
#include "metrics/pairs.h"
#include "support/error_of.h"

using namespace lafs;
using namespace lafs::metrics;

namespace {

/// Accuracy as the text has it, one threshold and one pair at a time: the oracle of the counted one.
FoldAccuracy slow_accuracy(const std::vector<double>& distances, const std::vector<uint8_t>& same, int64_t k) {
  FoldAccuracy result;
  for (const Fold& fold : make_folds(static_cast<int64_t>(distances.size()), k)) {
    std::vector<double> train_distances, test_distances;
    std::vector<uint8_t> train_same, test_same;
    for (size_t i = 0; i < distances.size(); ++i) {
      const bool test = static_cast<int64_t>(i) >= fold.begin && static_cast<int64_t>(i) < fold.end;
      (test ? test_distances : train_distances).push_back(distances[i]);
      (test ? test_same : train_same).push_back(same[i]);
    }
    const auto accuracy = [](const std::vector<double>& d, const std::vector<uint8_t>& s, double threshold) {
      const Counts c = count_below(d, s, threshold);
      return static_cast<double>(c.tp + c.tn) / static_cast<double>(d.size());
    };
    int64_t best = 0;
    for (int64_t j = 1; j < 400; ++j)
      if (accuracy(train_distances, train_same, static_cast<double>(j) * 0.01) >
          accuracy(train_distances, train_same, static_cast<double>(best) * 0.01))
        best = j;
    result.best_threshold.push_back(best);
    result.accuracy.push_back(accuracy(test_distances, test_same, static_cast<double>(best) * 0.01));
  }
  return result;
}

}  // namespace

TEST_CASE("verification: counting by grid equals counting one pair at a time, distances on the grid included") {
  Rng rng(key_of("verification"));
  for (const int64_t n : {20, 43, 97}) {
    std::vector<double> distances;
    std::vector<uint8_t> same;
    for (int64_t i = 0; i < n; ++i) {
      same.push_back(rng.coin(0.5) ? 1 : 0);
      const double centre = same.back() ? 0.9 : 1.6;
      distances.push_back(rng.coin(0.5) ? static_cast<double>(rng.integer(0, 400)) * 0.01 : std::abs(rng.normal(centre, 0.4)));
    }
    const FoldAccuracy fast = fold_accuracy(distances, same, 10), slow = slow_accuracy(distances, same, 10);
    CHECK(fast.best_threshold == slow.best_threshold);
    CHECK(fast.accuracy == slow.accuracy);
  }
}

TEST_CASE("verification: a balanced threshold gives both kinds the same weight") {
  // Nine impostors to one genuine pair: telling every pair "different" is right nine times of ten.
  std::vector<double> distances;
  std::vector<uint8_t> same;
  for (int i = 0; i < 200; ++i) {
    same.push_back(i % 10 == 0 ? 1 : 0);
    distances.push_back(i % 10 == 0 ? 0.9 : i % 3 == 0 ? 0.8 : 1.5);
  }
  const FoldAccuracy plain = fold_accuracy(distances, same, 10), balanced = fold_accuracy(distances, same, 10, Criterion::balanced);
  CHECK(plain.mean == doctest::Approx(0.9));
  CHECK(std::all_of(plain.best_threshold.begin(), plain.best_threshold.end(), [](int64_t j) { return j == 0; }));
  CHECK(std::all_of(balanced.best_threshold.begin(), balanced.best_threshold.end(), [](int64_t j) { return j == 91; }));
  CHECK(balanced.mean == doctest::Approx((1 + 120.0 / 180) / 2));
  CHECK(balanced.accuracy.size() == 10);
}

TEST_CASE("verification: what cannot be scored is an error before any statistics") {
  const float nan = std::nanf("");
  CHECK(test::error_of([&] { consecutive_pairs(5, std::vector<uint8_t>{1, 0}); }) == "5 pictures do not make 2 pairs");
  CHECK(test::error_of([&] { make_folds(9, 10); }) == "9 pairs do not fill 10 folds");
  CHECK(test::error_of([&] { make_folds(9, 1); }) == "1 folds leave nothing to choose a threshold on; use at least 2");
  CHECK(test::error_of([&] { fold_accuracy(std::vector<double>{1}, std::vector<uint8_t>{1, 0}, 2); }) == "1 distances have 2 labels");
  CHECK(test::error_of([&] { fold_accuracy(std::vector<double>{1, nan}, std::vector<uint8_t>{1, 0}, 2); }) == "distance 1 is not a number");
  const std::vector<double> four{1, 2, 3, 4};
  CHECK(test::error_of([&] { val_at_far(four, std::vector<uint8_t>{1, 0, 0, 0}, 2, 0.1); }) == "fold 1 has no genuine pair");
  CHECK(test::error_of([&] { val_at_far(four, std::vector<uint8_t>{1, 1, 0, 1}, 2, 0.1); }) == "fold 0 has no impostor pair");
}
