#include "metrics/verification.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "lafs/error.h"
#include "lafs/rng.h"
#include "metrics/embeddings.h"
#include "support/bytes.h"
#include "support/error_of.h"

using namespace lafs;
using namespace lafs::metrics;
using nlohmann::json;

namespace {

/// The forty pairs: rows of picture then mirror.
struct Forty {
  json vector = test::vector("verification_40pairs.json");
  std::vector<uint8_t> same;
  std::vector<float> originals, mirrors, both;

  Forty() {
    for (const bool s : vector["input"]["issame"].get<std::vector<bool>>()) same.push_back(s);
    const json &first = vector["input"]["embeddings_original"], &second = vector["input"]["embeddings_flipped"];
    for (size_t r = 0; r < first.size(); ++r) {
      const auto picture = first[r].get<std::vector<float>>(), mirror = second[r].get<std::vector<float>>();
      originals.insert(originals.end(), picture.begin(), picture.end());
      mirrors.insert(mirrors.end(), mirror.begin(), mirror.end());
      both.insert(both.end(), picture.begin(), picture.end());
      both.insert(both.end(), mirror.begin(), mirror.end());
    }
  }
  std::vector<Pair> pairs() const { return consecutive_pairs(static_cast<int64_t>(originals.size()) / 8, same); }
  Rows unit(bool flip) const {
    Rows rows = flip ? flip_sum(to_rows(both, 16)) : to_rows(originals, 8);
    normalise_rows(rows);
    return rows;
  }
};

void check_near(double value, const json& expected) { CHECK(std::abs(value - expected.get<double>()) <= 1e-12); }
void check_near(const std::vector<double>& values, const json& expected) {
  REQUIRE(values.size() == expected.size());
  double worst = 0;
  for (size_t i = 0; i < values.size(); ++i) worst = std::max(worst, std::abs(values[i] - expected[i].get<double>()));
  CHECK(worst <= 1e-12);
}

void check_accuracy(const FoldAccuracy& got, const json& expected) {
  CHECK(got.best_threshold == expected["best_threshold_index"].get<std::vector<int64_t>>());
  CHECK(got.accuracy == expected["accuracy"].get<std::vector<double>>());
  CHECK(got.train_accuracy == expected["train_accuracy_at_best"].get<std::vector<double>>());
  check_near(got.mean, expected["accuracy_mean"]);
  check_near(got.std, expected["accuracy_std"]);
  check_near(got.threshold_mean, expected["best_threshold_mean"]);
  if (expected.contains("tpr_mean")) check_near(got.tpr, expected["tpr_mean"]);
  if (expected.contains("fpr_mean")) check_near(got.fpr, expected["fpr_mean"]);
}

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

TEST_CASE("verification: forty pairs give the recorded norms, unit rows and distances") {
  const Forty forty;
  check_near(mean_norm(to_rows(forty.both, 8)), forty.vector["xnorm"]);
  const Rows unit = forty.unit(true);
  for (int64_t r = 0; r < unit.rows; ++r)
    check_near({unit.row(r).begin(), unit.row(r).end()}, forty.vector["unit_embeddings"][static_cast<size_t>(r)]);
  check_near(squared_distances(unit, forty.pairs()), forty.vector["squared_distance"]);
}

TEST_CASE("verification: forty pairs give the recorded accuracies with and without flip and by cosine") {
  const Forty forty;
  check_accuracy(fold_accuracy(squared_distances(forty.unit(true), forty.pairs()), forty.same, 10), forty.vector["flip_sum"]);
  check_accuracy(fold_accuracy(squared_distances(forty.unit(false), forty.pairs()), forty.same, 10), forty.vector["without_flip"]);
  check_accuracy(fold_accuracy(cosine_distances(forty.unit(true), forty.pairs()), forty.same, 10), forty.vector["cosine_distance_variant"]);
}

TEST_CASE("verification: forty pairs give the recorded rates at five false accept rates") {
  const Forty forty;
  const auto distances = squared_distances(forty.unit(true), forty.pairs());
  for (const json& expected : forty.vector["val_at_far"]) {
    const FoldRate rate = val_at_far(distances, forty.same, 10, expected["far_target"]);
    check_near(rate.threshold, expected["threshold"]);
    CHECK(rate.val == expected["val"].get<std::vector<double>>());
    CHECK(rate.far == expected["far"].get<std::vector<double>>());
    check_near(rate.val_mean, expected["val_mean"]);
    check_near(rate.val_std, expected["val_std"]);
    check_near(rate.far_mean, expected["far_mean"]);
  }
}

TEST_CASE("verification: folds are contiguous and of the recorded sizes") {
  for (const json all = test::vector("verification_small.json")["kfold_test_sizes"]; const json& expected : all) {
    std::vector<int64_t> sizes;
    int64_t at = 0;
    for (const Fold& fold : make_folds(expected["n"], expected["k"])) {
      CHECK(fold.begin == at);
      sizes.push_back(fold.end - fold.begin);
      at = fold.end;
    }
    CHECK(at == expected["n"].get<int64_t>());
    CHECK(sizes == expected["sizes"].get<std::vector<int64_t>>());
  }
  const Forty forty;
  std::vector<std::vector<int64_t>> ranges;
  for (const Fold& fold : make_folds(40, 10)) ranges.push_back({fold.begin, fold.end});
  CHECK(ranges == forty.vector["fold_test_ranges_half_open"].get<std::vector<std::vector<int64_t>>>());
}

TEST_CASE("verification: a distance equal to the threshold is different") {
  for (const json all = test::vector("verification_small.json")["counting"]; const json& expected : all) {
    std::vector<uint8_t> same;
    for (const bool s : expected["same"].get<std::vector<bool>>()) same.push_back(s);
    const Counts counts = count_below(expected["dist"].get<std::vector<double>>(), same, expected["threshold"]);
    CHECK(std::vector<int64_t>{counts.tp, counts.fp, counts.tn, counts.fn} == expected["tp_fp_tn_fn"].get<std::vector<int64_t>>());
  }
}

TEST_CASE("verification: the threshold of a false accept rate is interpolated from its last index") {
  for (const json all = test::vector("verification_small.json")["far_interpolation"]; const json& expected : all)
    for (const json& query : expected["queries"])
      CHECK(threshold_at_far(expected["far"].get<std::vector<double>>(), expected["threshold"].get<std::vector<double>>(), query[0]) ==
            doctest::Approx(query[1].get<double>()).epsilon(1e-12));
}

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
