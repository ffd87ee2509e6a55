#include <cmath>
#include <cstdint>
#include <vector>

#include <doctest/doctest.h>

#include "metrics/landmark_overlap.h"
#include "support/vectors.h"

// Landmark overlap: 1e-12.
TEST_SUITE("vectors_overlap") {
  namespace {
  using namespace lafs;
  using nlohmann::json;

  std::vector<double> points_of(const json& sample) {
    std::vector<double> points;
    for (const json& point : sample) points.insert(points.end(), {point[0].get<double>(), point[1].get<double>()});
    return points;
  }

  bool near(double ours, const json& expected) { return std::abs(ours - expected.get<double>()) <= 1e-12; }

  TEST_CASE("vectors_overlap: each landmark, each picture, and the set") {
    const json vector = test::read_vectors("overlap.json");
    REQUIRE(!vector.at("results").empty());
    for (const json& result : vector.at("results")) {
      const auto patch = result.at("patch").get<int64_t>();
      CAPTURE(patch);
      std::vector<double> means;
      for (size_t s = 0; s < vector.at("samples").size(); ++s) {
        CAPTURE(s);
        const std::vector<double> points = points_of(vector.at("samples")[s]);
        const auto overlaps = metrics::landmark_overlaps(points, patch);
        const json& expected = result.at("per_landmark")[s];
        REQUIRE(overlaps.size() == expected.size());
        for (size_t i = 0; i < overlaps.size(); ++i) {
          CHECK(overlaps[i].nearest == expected[i].at("nearest").get<int64_t>());
          CHECK(near(overlaps[i].distance, expected[i].at("distance")));
          CHECK(near(overlaps[i].overlap, expected[i].at("overlap")));
        }
        const metrics::OverlapOfSet alone = metrics::overlap_of_set(points, static_cast<int64_t>(points.size() / 2), patch);
        CHECK(near(alone.mean, result.at("per_image_mean")[s]));
        means.push_back(alone.mean);
      }
      const metrics::OverlapOfSet all = metrics::overlap_of_means(means);
      CHECK(near(all.mean, result.at("mean")));
      CHECK(near(all.variance, result.at("variance")));
    }
  }
  }  // namespace
}
