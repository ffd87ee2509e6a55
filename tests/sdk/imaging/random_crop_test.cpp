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

TEST_CASE("random_crop: with the scale of supervised training a try fits in 21 of 100 cases, and 9.3 of 100 pictures stay whole") {
  constexpr int pictures = 40000;
  const std::array<double, 2> nearly_all{0.9, 1.0};
  int tries = 0, fits = 0;
  for (uint64_t key = 0; key < pictures; ++key) {
    lafs::Rng ours(key), by_hand(key);
    const lafs::imaging::Box box = lafs::imaging::draw_crop(ours, 112, 112, nearly_all, faces);
    bool fitted = false;
    for (int i = 0; i < 10 && !fitted; ++i) {
      const double area = 112 * 112 * by_hand.uniform(0.9, 1.0), ratio = std::exp(by_hand.uniform(std::log(0.75), std::log(4.0 / 3)));
      const int64_t w = std::lrint(std::sqrt(area * ratio)), h = std::lrint(std::sqrt(area / ratio));
      fitted = w <= 112 && h <= 112;
      ++tries;
      if (fitted) CHECK(box.height == h);
    }
    fits += fitted;
  }
  // The stated rates have two digits; 0.0005 of rounding and five deviations.
  CHECK(std::abs(1 - static_cast<double>(fits) / pictures - 0.093) < 0.0005 + 5 * std::sqrt(0.093 * 0.907 / pictures));
  CHECK(std::abs(static_cast<double>(fits) / tries - 0.21) < 0.005 + 5 * std::sqrt(0.21 * 0.79 / tries));
}

TEST_CASE("random_crop: a fitting crop has the share that was drawn and fits at once") {
  const std::array<double, 2> large{0.7, 1.0};
  for (const auto& [height, width] : {std::array<int64_t, 2>{112, 112}, {100, 90}}) {
    double share = 0;
    for (uint64_t key = 0; key < 4000; ++key) {
      lafs::Rng ours(key), by_hand(key);
      const lafs::imaging::Box box = lafs::imaging::draw_fitting_crop(ours, height, width, large, faces);
      const double drawn = by_hand.uniform(0.7, 1.0),
                   got = static_cast<double>(box.height * box.width) / static_cast<double>(height * width);
      by_hand.uniform();
      CHECK(std::abs(got - drawn) < 0.011);
      CHECK(box.top == by_hand.integer(0, height - box.height + 1));
      CHECK(box.left == by_hand.integer(0, width - box.width + 1));
      CHECK(box.top + box.height <= height);
      CHECK(box.left + box.width <= width);
      share += got / 4000;
    }
    CHECK(share == doctest::Approx(0.85).epsilon(0.01));  // uniform: large shares are as likely as small ones
  }
  lafs::Rng rng(1);
  const lafs::imaging::Box wide = lafs::imaging::draw_fitting_crop(rng, 30, 300, std::array<double, 2>{0.9, 1.0}, faces);
  CHECK(wide.width == 40);
  CHECK(wide.left == 130);
}
