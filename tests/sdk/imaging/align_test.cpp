#include "imaging/align.h"

#include <array>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "lafs/rng.h"
#include "support/error_of.h"

namespace lafs::test {
namespace {

using imaging::Affine;
using imaging::FivePoints;
using imaging::Point;

constexpr FivePoints face{{{46.06F, 62.026F}, {87.785F, 60.323F}, {68.851F, 77.656F}, {52.162F, 99.875F}, {86.45F, 98.648F}}};

/// Sum of squares that a similarity leaves.
double left(const Affine& affine, const FivePoints& from, const FivePoints& to) {
  double sum = 0;
  for (size_t i = 0; i < 5; ++i)
    sum += std::pow(affine.x(from[i].x, from[i].y) - to[i].x, 2) + std::pow(affine.y(from[i].x, from[i].y) - to[i].y, 2);
  return sum;
}

TEST_CASE("align: the similarity is the least-squares one: no neighbour of it leaves less") {
  Rng rng(11);
  for (int round = 0; round < 50; ++round) {
    FivePoints from{}, to{};
    for (size_t i = 0; i < 5; ++i) {
      from[i] = {static_cast<float>(rng.uniform(0, 200)), static_cast<float>(rng.uniform(0, 200))};
      to[i] = {static_cast<float>(rng.uniform(0, 112)), static_cast<float>(rng.uniform(0, 112))};
    }
    const Affine best = imaging::similarity(from, to);
    CHECK(best.m[0] == best.m[4]);
    CHECK(best.m[1] == -best.m[3]);
    for (int axis = 0; axis < 4; ++axis) {
      for (const double by : {-1e-3, 1e-3}) {
        Affine other = best;
        if (axis == 0) other.m[0] = other.m[4] = best.m[0] + by;
        if (axis == 1) other.m[3] = best.m[3] + by, other.m[1] = -other.m[3];
        if (axis >= 2) other.m[axis == 2 ? 2 : 5] += by;
        CHECK(left(other, from, to) > left(best, from, to));
      }
    }
  }
}

TEST_CASE("align: points that are a turned and scaled template come back exactly") {
  const FivePoints to = imaging::face_template("arcface").points;
  FivePoints from{};
  for (size_t i = 0; i < 5; ++i) from[i] = {2 * to[i].y + 3, -2 * to[i].x + 5};
  const Affine found = imaging::similarity(from, to);
  for (size_t i = 0; i < 5; ++i) {
    CHECK(found.x(from[i].x, from[i].y) == doctest::Approx(to[i].x).epsilon(1e-6));
    CHECK(found.y(from[i].x, from[i].y) == doctest::Approx(to[i].y).epsilon(1e-6));
  }
}

TEST_CASE("align: points without a similarity are refused") {
  const FivePoints to = imaging::face_template("arcface").points;
  const auto said = [&](const FivePoints& from) { return error_of([&] { imaging::similarity(from, to); }); };
  FivePoints one{};
  one.fill({5, 5});
  CHECK(said(one) == "all five landmarks are the same point");
  // Of a cross and its mirror image, what one pair of points wants is undone by the other.
  const FivePoints cross{{{-1, 0}, {1, 0}, {0, -1}, {0, 1}, {0, 0}}}, mirrored{{{1, 0}, {-1, 0}, {0, -1}, {0, 1}, {0, 0}}};
  CHECK(error_of([&] { imaging::similarity(cross, mirrored); }) ==
        "the five landmarks are not arranged as those of a face, not even roughly");
  FivePoints broken = face;
  broken[3].y = std::numeric_limits<float>::quiet_NaN();
  CHECK(said(broken) == "a landmark is not finite");
}

TEST_CASE("align: 68 landmarks become five, any other number is refused") {
  std::vector<float> numbers;
  for (int i = 0; i < 68; ++i) numbers.insert(numbers.end(), {static_cast<float>(i), static_cast<float>(100 - i)});
  const FivePoints five = imaging::five_points(numbers);
  CHECK(five == FivePoints{{{37.5F, 62.5F}, {43.5F, 56.5F}, {30, 70}, {48, 52}, {54, 46}}});
  const std::array<float, 10> ten{1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
  CHECK(imaging::five_points(ten)[4] == Point{9, 10});
  numbers.resize(134);
  CHECK(error_of([&] { imaging::five_points(numbers); }) == "a face has 5 or 68 landmarks, 10 or 136 numbers, not 134");
  const std::array<float, 10> broken{1, 2, 3, std::numeric_limits<float>::infinity(), 5, 6, 7, 8, 9, 10};
  CHECK(error_of([&] { imaging::five_points(broken); }) == "a landmark is not finite");
}

TEST_CASE("align: templates and their sizes are InsightFace's and SphereFace's") {
  const auto arcface = imaging::face_template("arcface");
  CHECK(arcface.height == 112);
  CHECK(arcface.points[0] == Point{38.29460144042969F, 51.6963F});
  const auto sphereface = imaging::face_template("sphereface");
  CHECK(sphereface.height == 112);
  CHECK(sphereface.width == 96);
  CHECK(sphereface.points[1] == Point{65.5318F, 51.5014F});
  const auto larger = imaging::face_template("arcface", 224), other = imaging::face_template("arcface", 256);
  CHECK(larger.width == 224);
  CHECK(larger.points[2] == Point{2 * 56.0252F, 2 * 71.7366F});
  CHECK(other.width == 256);
  CHECK(other.points[2].x == doctest::Approx(2 * 56.0252 + 16));
  CHECK(other.points[2].y == doctest::Approx(2 * 71.7366));
  CHECK(imaging::face_template("sphereface", 224).width == 192);
  const auto said = [](std::string_view name, int64_t size) { return error_of([&] { imaging::face_template(name, size); }); };
  CHECK(said("arcface", 100) == "the template \"arcface\" has a size that is a multiple of 112 or of 128, not 100");
  CHECK(said("arcface", 0) == "the template \"arcface\" has a size that is a multiple of 112 or of 128, not 0");
  CHECK(said("sphereface", 128) == "the template \"sphereface\" has a size that is a multiple of 112, not 128");
  CHECK(said("arcfaces", 112) == "no face template \"arcfaces\"; did you mean \"arcface\"?");
}

}  // namespace
}  // namespace lafs::test
