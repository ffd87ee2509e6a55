#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "metrics/embeddings.h"
#include "metrics/verification.h"
#include "support/vectors.h"

using namespace lafs::metrics;
using nlohmann::json;

namespace {

void check_near(double value, const json& expected) { CHECK(std::abs(value - expected.get<double>()) <= 1e-12); }
void check_near(const std::vector<double>& values, const json& expected) {
  REQUIRE(values.size() == expected.size());
  double worst = 0;
  for (size_t i = 0; i < values.size(); ++i) worst = std::max(worst, std::abs(values[i] - expected[i].get<double>()));
  CHECK(worst <= 1e-12);
}

/// The recorded pairs: rows of picture then mirror.
struct RecordedPairs {
  const json vector = lafs::test::read_vectors("verification_40pairs.json");
  const int64_t width = vector["input"]["dim"], folds = vector["input"]["folds"];
  std::vector<uint8_t> same;
  std::vector<float> originals, both;

  RecordedPairs() {
    for (const bool s : vector["input"]["issame"].get<std::vector<bool>>()) same.push_back(s);
    const json &first = vector["input"]["embeddings_original"], &second = vector["input"]["embeddings_flipped"];
    REQUIRE(first.size() == second.size());
    for (size_t r = 0; r < first.size(); ++r) {
      const auto picture = first[r].get<std::vector<float>>(), mirror = second[r].get<std::vector<float>>();
      REQUIRE(static_cast<int64_t>(picture.size()) == width);
      REQUIRE(static_cast<int64_t>(mirror.size()) == width);
      originals.insert(originals.end(), picture.begin(), picture.end());
      both.insert(both.end(), picture.begin(), picture.end());
      both.insert(both.end(), mirror.begin(), mirror.end());
    }
  }
  std::vector<Pair> pairs() const { return consecutive_pairs(static_cast<int64_t>(originals.size()) / width, same); }
  Rows unit(bool flip) const {
    Rows rows = flip ? flip_sum(to_rows(both, 2 * width)) : to_rows(originals, width);
    normalise_rows(rows);
    return rows;
  }
};

void check_accuracy(const FoldAccuracy& got, const json& expected) {
  CHECK(got.best_threshold == expected["best_threshold_index"].get<std::vector<int64_t>>());
  std::vector<double> thresholds;
  for (const int64_t j : got.best_threshold) thresholds.push_back(accuracy_grid()[static_cast<size_t>(j)]);
  CHECK(thresholds == expected["best_threshold"].get<std::vector<double>>());
  CHECK(got.accuracy == expected["accuracy"].get<std::vector<double>>());
  CHECK(got.train_accuracy == expected["train_accuracy_at_best"].get<std::vector<double>>());
  check_near(got.mean, expected["accuracy_mean"]);
  check_near(got.std, expected["accuracy_std"]);
  check_near(got.threshold_mean, expected["best_threshold_mean"]);
  if (expected.contains("tpr_mean")) check_near(got.tpr, expected["tpr_mean"]);
  if (expected.contains("fpr_mean")) check_near(got.fpr, expected["fpr_mean"]);
}

}  // namespace

TEST_SUITE("vectors_verification_40pairs") {
  TEST_CASE("norms, unit rows and distances are the recorded ones") {
    const RecordedPairs recorded;
    check_near(mean_norm(to_rows(recorded.both, recorded.width)), recorded.vector["xnorm"]);
    const Rows unit = recorded.unit(true);
    REQUIRE(static_cast<size_t>(unit.rows) == recorded.vector["unit_embeddings"].size());
    for (int64_t r = 0; r < unit.rows; ++r)
      check_near({unit.row(r).begin(), unit.row(r).end()}, recorded.vector["unit_embeddings"][static_cast<size_t>(r)]);
    const auto squared = squared_distances(unit, recorded.pairs());
    check_near(squared, recorded.vector["squared_distance"]);
    // How near a distance comes to a threshold says that rounding decides no count below.
    double gap = 1;
    for (const auto& distances : {squared, cosine_distances(unit, recorded.pairs())})
      for (const double d : distances) gap = std::min(gap, std::abs(d - std::nearbyint(d / 0.001) * 0.001));
    check_near(gap, recorded.vector["smallest_distance_from_a_grid_threshold"]);
  }

  TEST_CASE("folds are the recorded ranges") {
    const RecordedPairs recorded;
    std::vector<std::vector<int64_t>> ranges;
    for (const Fold& fold : make_folds(static_cast<int64_t>(recorded.same.size()), recorded.folds))
      ranges.push_back({fold.begin, fold.end});
    CHECK(ranges == recorded.vector["fold_test_ranges_half_open"].get<std::vector<std::vector<int64_t>>>());
  }

  TEST_CASE("accuracies with and without flip and by cosine are the recorded ones") {
    const RecordedPairs recorded;
    const auto check = [&](const std::vector<double>& distances, const char* key) {
      CAPTURE(key);
      check_accuracy(fold_accuracy(distances, recorded.same, recorded.folds), recorded.vector[key]);
    };
    check(squared_distances(recorded.unit(true), recorded.pairs()), "flip_sum");
    check(squared_distances(recorded.unit(false), recorded.pairs()), "without_flip");
    check(cosine_distances(recorded.unit(true), recorded.pairs()), "cosine_distance_variant");
  }

  TEST_CASE("rates at each false accept rate are the recorded ones") {
    const RecordedPairs recorded;
    const auto distances = squared_distances(recorded.unit(true), recorded.pairs());
    CHECK(!recorded.vector["val_at_far"].empty());
    for (const json& expected : recorded.vector["val_at_far"]) {
      const FoldRate rate = val_at_far(distances, recorded.same, recorded.folds, expected["far_target"]);
      check_near(rate.threshold, expected["threshold"]);
      CHECK(rate.val == expected["val"].get<std::vector<double>>());
      CHECK(rate.far == expected["far"].get<std::vector<double>>());
      check_near(rate.val_mean, expected["val_mean"]);
      check_near(rate.val_std, expected["val_std"]);
      check_near(rate.far_mean, expected["far_mean"]);
    }
  }
}
