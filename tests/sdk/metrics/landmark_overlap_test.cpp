#include "metrics/landmark_overlap.h"

#include <doctest/doctest.h>

#include <cmath>

#include "lafs/error.h"
#include "support/error_of.h"

using namespace lafs;
using namespace lafs::metrics;

namespace {

std::vector<double> overlaps(const std::vector<double>& points, int64_t patch) {
  std::vector<double> out;
  for (const LandmarkOverlap& one : landmark_overlaps(points, patch)) out.push_back(one.overlap);
  return out;
}

}  // namespace

TEST_CASE("landmark overlap: landmarks at one place overlap wholly when all are there, and are no neighbours otherwise") {
  CHECK(overlaps({50, 50, 50, 50, 50, 50}, 8) == std::vector<double>{1, 1, 1});
  const auto found = landmark_overlaps(std::vector<double>{50, 50, 50, 50, 54, 50}, 8);
  CHECK(found[0].nearest == 2);
  CHECK(found[2].nearest == 0);
  CHECK(found[0].overlap == 0.5);
}

TEST_CASE("landmark overlap: halves are rounded to even, odd patches lose a pixel, and the last row and column are out of reach") {
  CHECK(overlaps({20.5, 20, 21.5, 20}, 8) == std::vector<double>{0.75, 0.75});  // 20 and 22
  CHECK(overlaps({50, 50, 50, 50.1}, 7) == std::vector<double>{36.0 / 49, 36.0 / 49});
  CHECK(overlaps({111, 50, 111, 50.1}, 8) == std::vector<double>{0.5, 0.5});  // columns 107 to 110
}

TEST_CASE("landmark overlap: what lies outside the picture has no patch, and what is too far no neighbour") {
  CHECK(overlaps({-30, 50, -30, 50.1}, 8) == std::vector<double>{0, 0});
  const auto found = landmark_overlaps(std::vector<double>{0, 0, 9999, 0}, 8);
  CHECK(found[0].nearest == -1);
  CHECK(found[0].overlap == 0);
}

TEST_CASE("landmark overlap: mean and population variance are over pictures") {
  const OverlapOfSet found = overlap_of_set(std::vector<double>{50, 50, 54, 50, 20, 20, 90, 90}, 2, 8);
  CHECK(found.of_picture == std::vector<double>{0.5, 0});
  CHECK(found.mean == 0.25);
  CHECK(found.variance == 0.0625);
}

TEST_CASE("landmark overlap: too few landmarks and broken ones are errors") {
  CHECK(test::error_of([] { landmark_overlaps(std::vector<double>{1, 2}, 8); }) ==
        "1 landmarks have no nearest other: at least 2 are needed");
  CHECK(test::error_of([] { landmark_overlaps(std::vector<double>{1, 2, 3, std::nan("")}, 8); }) == "landmark 1 is not finite");
  CHECK(test::error_of([] { overlap_of_set({}, 2, 8); }) == "there are no landmarks");
}
