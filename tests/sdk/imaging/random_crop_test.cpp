#include "imaging/random_crop.h"

#include <array>
#include <cmath>
#include <cstdint>

#include <doctest/doctest.h>

namespace {

constexpr std::array<double, 2> some{0.4, 1.0}, faces{3.0 / 4, 4.0 / 3};

}  // namespace

TEST_CASE("random_crop: the box lies in the picture with the share and shape asked for") {
  lafs::Rng rng(1);
  double share = 0;
  for (int i = 0; i < 4000; ++i) {
    const lafs::imaging::Box box = lafs::imaging::draw_crop(rng, 112, 112, some, faces);
    CHECK(box.top >= 0);
    CHECK(box.left >= 0);
    CHECK(box.top + box.height <= 112);
    CHECK(box.left + box.width <= 112);
    const double area = static_cast<double>(box.height * box.width) / (112 * 112);
    CHECK(area > 0.39);
    CHECK(static_cast<double>(box.width) / static_cast<double>(box.height) < 1.36);
    CHECK(static_cast<double>(box.width) / static_cast<double>(box.height) > 0.73);
    share += area / 4000;
  }
  CHECK(share == doctest::Approx(0.68).epsilon(0.03));  // large shares that do not fit are drawn again
}

TEST_CASE("random_crop: where nothing fits it is the largest centred part of an allowed shape") {
  lafs::Rng rng(2);
  const std::array<double, 2> all{1, 1};
  const lafs::imaging::Box wide = lafs::imaging::draw_crop(rng, 30, 300, all, faces),
                           tall = lafs::imaging::draw_crop(rng, 300, 30, all, faces);
  CHECK(wide.height == 30);
  CHECK(wide.width == 40);
  CHECK(wide.left == 130);
  CHECK(wide.top == 0);
  CHECK(tall.height == 40);
  CHECK(tall.width == 30);
  CHECK(tall.top == 130);
  const lafs::imaging::Box strip = lafs::imaging::draw_crop(rng, 1, 100, all, faces);
  CHECK(strip.height == 1);
  CHECK(strip.width == 1);
}

TEST_CASE("random_crop: a fit draws area, ratio, top and left, in this order") {
  lafs::Rng ours(3), same(3);
  const std::array<double, 2> half{0.5, 0.5}, square{1, 1};
  const lafs::imaging::Box box = lafs::imaging::draw_crop(ours, 100, 90, half, square);
  same.uniform();
  same.uniform();
  const int64_t side = std::lrint(std::sqrt(4500.0));
  CHECK(box.height == side);
  CHECK(box.top == same.integer(0, 100 - side + 1));
  CHECK(box.left == same.integer(0, 90 - side + 1));
  CHECK(ours.bits() == same.bits());
}
