#include "metrics/roc.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "lafs/error.h"
#include "lafs/rng.h"
#include "support/bytes.h"
#include "support/error_of.h"

using namespace lafs;
using namespace lafs::metrics;
using nlohmann::json;

namespace {

Roc curve_of(const json& vector, Collinear collinear) {
  return roc_curve(vector["scores"].get<std::vector<double>>(), vector["labels"].get<std::vector<uint8_t>>(), collinear);
}

std::vector<std::vector<int64_t>> counts_of(const Roc& roc) {
  std::vector<std::vector<int64_t>> counts;
  for (const RocPoint& point : roc.points) counts.push_back({point.fp, point.tp});
  return counts;
}

void check_operating_points(const Roc& roc, const json& expected) {
  for (const json& point : expected) {
    const size_t i = nearest_point(roc, point["far_target"]);
    CHECK(i == point["point_index_from_start"].get<size_t>());
    CHECK(roc.points[i].fp == point["fp"].get<int64_t>());
    CHECK(roc.points[i].tp == point["tp"].get<int64_t>());
    CHECK(roc.far(i) == point["far"].get<double>());
    CHECK(roc.tar(i) == point["tar"].get<double>());
    CHECK(fmt::format("{:.2f}", 100 * roc.tar(i)) == point["printed_percent"].get<std::string>());
    CHECK(roc.points[i].score == (point["score"].is_null() ? std::numeric_limits<double>::infinity() : point["score"].get<double>()));
  }
}

void check_vector(const json& vector) {
  const Roc all = curve_of(vector, Collinear::keep), kept = curve_of(vector, Collinear::drop);
  CHECK(std::abs(area(all) - vector["auc"].get<double>()) <= 1e-12);
  CHECK(std::abs(area(kept) - vector["auc"].get<double>()) <= 1e-12);
  if (vector.contains("points_all_fp_tp")) CHECK(counts_of(all) == vector["points_all_fp_tp"].get<std::vector<std::vector<int64_t>>>());
  if (vector.contains("points_kept_fp_tp")) CHECK(counts_of(kept) == vector["points_kept_fp_tp"].get<std::vector<std::vector<int64_t>>>());
  if (vector.contains("points_all_count")) CHECK(all.points.size() == vector["points_all_count"].get<size_t>());
  if (vector.contains("points_kept_count")) CHECK(kept.points.size() == vector["points_kept_count"].get<size_t>());
  check_operating_points(kept, vector["operating_points"]);
  check_operating_points(all, vector["operating_points_without_dropping"]);
}

std::string error_of(const std::vector<double>& scores, const std::vector<uint8_t>& genuine) {
  return test::error_of([&] { roc_curve(scores, genuine, Collinear::keep); });
}

}  // namespace

TEST_CASE("roc: the hand cases come out as written") {
  for (const json all = test::vector("roc_hand_cases.json")["cases"]; const json& vector : all) {
    CAPTURE(vector["what"].get<std::string>());
    check_vector(vector);
  }
}
TEST_CASE("roc: four thousand tied scores give the recorded curve") { check_vector(test::vector("roc_4000.json")); }
TEST_CASE("roc: two thousand distinct scores give the recorded curve") { check_vector(test::vector("roc_2000_distinct.json")); }

TEST_CASE("roc: area and points equal those counted one comparison at a time") {
  Rng rng(key_of("roc"));
  std::vector<double> scores;
  std::vector<uint8_t> genuine;
  for (int i = 0; i < 300; ++i) {
    genuine.push_back(rng.coin(0.3) ? 1 : 0);
    scores.push_back(static_cast<double>(rng.integer(0, 60)) + 8 * genuine.back());
  }
  const Roc roc = roc_curve(scores, genuine, Collinear::keep);
  double wins = 0;
  for (size_t g = 0; g < scores.size(); ++g)
    for (size_t i = 0; i < scores.size(); ++i)
      if (genuine[g] && !genuine[i]) wins += scores[g] > scores[i] ? 1 : scores[g] == scores[i] ? 0.5 : 0;
  CHECK(std::abs(area(roc) - wins / static_cast<double>(roc.genuine * roc.impostors)) <= 1e-12);
  for (const RocPoint& point : roc.points) {
    RocPoint counted{0, 0, point.score};
    for (size_t i = 0; i < scores.size(); ++i)
      if (scores[i] >= point.score) ++(genuine[i] ? counted.tp : counted.fp);
    CHECK(counted.fp == point.fp);
    CHECK(counted.tp == point.tp);
  }
}

TEST_CASE("roc: the equal error rate lies where both errors meet") {
  const std::vector<uint8_t> genuine{1, 1, 0, 0};
  CHECK(equal_error_rate(roc_curve(std::vector<double>{4, 3, 2, 1}, genuine, Collinear::keep)) == 0);
  CHECK(equal_error_rate(roc_curve(std::vector<double>{4, 2, 3, 1}, genuine, Collinear::keep)) == 0.5);
  CHECK(equal_error_rate(roc_curve(std::vector<double>{1, 1, 1, 1}, genuine, Collinear::keep)) == 0.5);
  CHECK(equal_error_rate(roc_curve(std::vector<double>{1, 2, 3, 4}, genuine, Collinear::keep)) == 1);
}

TEST_CASE("roc: the point within a rate never exceeds it") {
  const Roc roc = roc_curve(std::vector<double>{9, 8, 7, 6, 5, 4}, std::vector<uint8_t>{1, 0, 1, 0, 1, 0}, Collinear::keep);
  CHECK(roc.tar(point_within(roc, 0)) == 1.0 / 3);
  CHECK(roc.tar(point_within(roc, 0.4)) == 2.0 / 3);
  CHECK(roc.tar(point_within(roc, 1)) == 1);
}

TEST_CASE("roc: a curve that does not exist is an error") {
  CHECK(error_of({1, 2}, {1, 1}) == "a curve needs impostor comparisons, and there are none");
  CHECK(error_of({1, 2}, {0, 0}) == "a curve needs genuine comparisons, and there are none");
  CHECK(error_of({}, {}) == "a curve needs genuine comparisons, and there are none");
  CHECK(error_of({1, std::nan("")}, {0, 1}) == "score 1 is not a number");
  CHECK(error_of({1, 2}, {0}) == "2 scores have 1 labels");
}
