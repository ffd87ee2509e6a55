#include "imaging/degrade.h"

#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include <doctest/doctest.h>

#include "lafs/rng.h"
#include "support/error_of.h"

namespace {

using Bytes = std::vector<uint8_t>;
using lafs::imaging::Degradation;

Bytes noisy_bytes(int64_t pixels, uint64_t key) {
  lafs::Rng rng(key);
  Bytes out(static_cast<size_t>(pixels * 3));
  for (uint8_t& v : out) v = static_cast<uint8_t>(rng.bits() >> 24);
  return out;
}

/// Sum of squared differences between neighbours in a row.
double detail_in(const Bytes& rgb) {
  double sum = 0;
  for (size_t i = 3; i < rgb.size(); ++i) sum += std::pow(rgb[i] - rgb[i - 3], 2);
  return sum;
}

std::string refusal_of(const Degradation::Options& options) {
  return lafs::test::error_of([&] { Degradation{options}; });
}

}  // namespace

TEST_CASE("degrade: low light is a power of the level, and its noise has the given deviation") {
  lafs::Rng rng(1);
  Bytes levels{0, 64, 128, 200, 255, 10};
  lafs::imaging::low_light(levels, 2, 0, rng);
  CHECK(levels == Bytes{0, 16, 64, 157, 255, 0});
  Bytes grey(300000, 128);
  lafs::imaging::low_light(grey, 1, 8, rng);
  double sum = 0, squares = 0;
  for (const uint8_t v : grey) {
    sum += v - 128;
    squares += (v - 128) * (v - 128);
  }
  CHECK(std::abs(sum / 300000) < 0.1);
  CHECK(std::abs(std::sqrt(squares / 300000) - 8) < 0.1);
}

TEST_CASE("degrade: a point spreads along the line of a motion blur") {
  Bytes rgb(9 * 9 * 3, 0);
  rgb[(4 * 9 + 4) * 3] = 255;
  Bytes across = rgb, down = rgb, diagonal = rgb, still = rgb;
  lafs::imaging::motion_blur(across, 9, 9, 5, 0);
  lafs::imaging::motion_blur(down, 9, 9, 5, 90);
  lafs::imaging::motion_blur(diagonal, 9, 9, 3, 45);
  lafs::imaging::motion_blur(still, 9, 9, 1, 30);
  for (size_t y = 0; y < 9; ++y) {
    for (size_t x = 0; x < 9; ++x) {
      const bool in_x = x >= 2 && x <= 6, in_y = y >= 2 && y <= 6;
      CHECK(across[(y * 9 + x) * 3] == (y == 4 && in_x ? 51 : 0));
      CHECK(down[(y * 9 + x) * 3] == (x == 4 && in_y ? 51 : 0));
      // Counter-clockwise from the right is up to the right.
      CHECK(diagonal[(y * 9 + x) * 3] == (x + y == 8 && x >= 3 && x <= 5 ? 85 : 0));
    }
  }
  CHECK(still == rgb);
  Bytes even = rgb;
  lafs::imaging::motion_blur(even, 9, 9, 4, 0);
  for (size_t x = 0; x < 9; ++x) CHECK(even[(4 * 9 + x) * 3] == (x >= 2 && x <= 5 ? 64 : 0));
}

TEST_CASE("degrade: a picture of one colour stays as it is, but for JPEG by at most two levels") {
  Bytes rgb;
  for (int i = 0; i < 40 * 24; ++i) rgb.insert(rgb.end(), {200, 100, 50});
  const Bytes before = rgb;
  lafs::imaging::motion_blur(rgb, 40, 24, 100, 33);
  CHECK(rgb == before);
  lafs::imaging::lose_detail(rgb, 40, 24, 3.3);
  CHECK(rgb == before);
  lafs::imaging::recompress(rgb, 40, 24, 90);
  for (size_t i = 0; i < rgb.size(); ++i) CHECK(std::abs(rgb[i] - before[i]) <= 2);
}

TEST_CASE("degrade: the stronger, the less detail is left") {
  const Bytes before = noisy_bytes(64 * 48, 3);
  double by_size = detail_in(before), by_length = by_size;
  for (const double strength : {1.5, 3.0, 8.0}) {
    Bytes smaller = before, moved = before;
    lafs::imaging::lose_detail(smaller, 64, 48, strength);
    lafs::imaging::motion_blur(moved, 64, 48, 2 * strength, 0);
    CHECK(detail_in(smaller) < by_size);
    CHECK(detail_in(moved) < by_length);
    by_size = detail_in(smaller);
    by_length = detail_in(moved);
  }
  Bytes good = before, bad = before;
  lafs::imaging::recompress(good, 64, 48, 95);
  lafs::imaging::recompress(bad, 64, 48, 5);
  const auto difference = [&](const Bytes& other) {
    double sum = 0;
    for (size_t i = 0; i < before.size(); ++i) sum += std::abs(before[i] - other[i]);
    return sum;
  };
  CHECK(difference(good) > 0);
  CHECK(difference(bad) > 1.1 * difference(good));
}

TEST_CASE("degrade: each has its probability, and what is off draws nothing") {
  Degradation::Options options;
  CHECK(Degradation(options).is_off());
  options.jpeg = 0.3;
  const Degradation degradation(options);
  CHECK_FALSE(degradation.is_off());
  const Bytes before = noisy_bytes(16 * 16, 4);
  int changed = 0;
  for (uint64_t key = 0; key < 2000; ++key) {
    lafs::Rng rng(key), by_hand(key);
    Bytes rgb = before;
    degradation.apply(rgb, 16, 16, rng);
    changed += rgb != before;
    if (by_hand.coin(0.3)) by_hand.integer(30, 91);
    CHECK(rng.bits() == by_hand.bits());
  }
  CHECK(std::abs(changed - 600) < 5 * 20.5);
}

TEST_CASE("degrade: ranges without order, and ranges that nothing uses, are errors") {
  Degradation::Options options;
  options.downscale = 1;
  options.downscale_factor = {4, 2};
  CHECK(refusal_of(options) == "downscale_factor must be two numbers, the lower one first");
  options = {};
  options.low_light_gamma = {2, 3};
  options.low_light_noise = {2, 3};
  CHECK(refusal_of(options) == "low_light_gamma, low_light_noise have no effect without low_light above 0; leave them out");
  options = {};
  options.motion_blur_angle = {0, 90};
  CHECK(refusal_of(options) == "motion_blur_angle has no effect without motion_blur above 0; leave it out");
  options = {};
  options.downscale_factor = {2, 3};
  CHECK(refusal_of(options) == "downscale_factor has no effect without downscale above 0; leave it out");
  options = {};
  options.jpeg_quality = {50, 60};
  CHECK(refusal_of(options) == "jpeg_quality has no effect without jpeg above 0; leave it out");
}
