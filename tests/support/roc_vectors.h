#pragma once
/// A recorded curve beside ours: counts of every point, area and operating points, with straight runs and without.
#include <cmath>
#include <cstdint>
#include <limits>
#include <set>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "metrics/roc.h"

namespace lafs::test {

inline std::vector<std::vector<int64_t>> counts_of(const metrics::Roc& roc) {
  std::vector<std::vector<int64_t>> counts;
  for (const metrics::RocPoint& point : roc.points) counts.push_back({point.fp, point.tp});
  return counts;
}

inline void check_operating_points(const metrics::Roc& roc, const nlohmann::json& expected) {
  CHECK_FALSE(expected.empty());
  for (const nlohmann::json& point : expected) {
    CAPTURE(point.dump());
    const size_t i = nearest_point(roc, point.at("far_target"));
    CHECK(i == point.at("point_index_from_start").get<size_t>());
    CHECK(roc.points[i].fp == point.at("fp").get<int64_t>());
    CHECK(roc.points[i].tp == point.at("tp").get<int64_t>());
    CHECK(roc.far(i) == point.at("far").get<double>());
    CHECK(roc.tar(i) == point.at("tar").get<double>());
    CHECK(fmt::format("{:.2f}", 100 * roc.tar(i)) == point.at("printed_percent").get<std::string>());
    const nlohmann::json& score = point.at("score");
    CHECK(roc.points[i].score == (score.is_null() ? std::numeric_limits<double>::infinity() : score.get<double>()));
  }
}

inline void check_roc_vector(const nlohmann::json& vector) {
  const auto scores = vector.at("scores").get<std::vector<double>>();
  const auto labels = vector.at("labels").get<std::vector<uint8_t>>();
  CHECK(std::set<uint8_t>(labels.begin(), labels.end()) == std::set<uint8_t>{0, 1});
  const metrics::Roc all = metrics::roc_curve(scores, labels, metrics::Collinear::keep);
  const metrics::Roc kept = metrics::roc_curve(scores, labels, metrics::Collinear::drop);
  CHECK(std::abs(metrics::area(all) - vector.at("auc").get<double>()) <= 1e-12);
  CHECK(std::abs(metrics::area(kept) - vector.at("auc").get<double>()) <= 1e-12);
  if (vector.contains("distinct")) CHECK(std::set<double>(scores.begin(), scores.end()).size() == vector.at("distinct").get<size_t>());
  using Counts = std::vector<std::vector<int64_t>>;
  if (vector.contains("points_all_fp_tp")) CHECK(counts_of(all) == vector.at("points_all_fp_tp").get<Counts>());
  if (vector.contains("points_kept_fp_tp")) CHECK(counts_of(kept) == vector.at("points_kept_fp_tp").get<Counts>());
  if (vector.contains("points_all_count")) CHECK(all.points.size() == vector.at("points_all_count").get<size_t>());
  if (vector.contains("points_kept_count")) CHECK(kept.points.size() == vector.at("points_kept_count").get<size_t>());
  check_operating_points(kept, vector.at("operating_points"));
  check_operating_points(all, vector.at("operating_points_without_dropping"));
}

}  // namespace lafs::test
