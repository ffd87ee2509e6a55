#include "runner/tools/plan/find_lr.h"

#include <cmath>
#include <vector>

#include <doctest/doctest.h>

namespace lafs {
namespace {

/// Losses at rates from 1e-6 on, ten a decade.
std::vector<LrPoint> curve(int64_t steps, const auto& loss_at) {
  std::vector<LrPoint> points;
  for (int64_t i = 0; i < steps; ++i) {
    const double decades = static_cast<double>(i) / 10;
    points.push_back({1e-6 * std::pow(10, decades), loss_at(decades), 0});
  }
  return points;
}

TEST_CASE("find lr: the steepest fall, the lowest value, and where the loss grows out of bounds") {
  // Flat, a fall around 1e-3, flat, and a rise without end from 1e-1 on.
  const FoundLr found =
      read_lr_curve(curve(80, [](double d) { return 6 - 4 / (1 + std::exp(-8 * (d - 3))) + (d > 5 ? std::exp(6 * (d - 5)) - 1 : 0); }));
  CHECK(found.steepest > 5e-4);
  CHECK(found.steepest < 1e-2);
  CHECK(found.lowest > found.steepest);
  CHECK(found.lowest < 0.2);
  CHECK(found.diverged > 0.1);
  CHECK(found.points.size() < 80);
  CHECK(found_lr_text(found).find("the loss falls fastest at lr = ") != std::string::npos);
}

TEST_CASE("find lr: the smoothed loss is the exponential mean without the bias of its start") {
  const FoundLr found = read_lr_curve({{1e-3, 4, 0}, {2e-3, 2, 0}, {4e-3, 3, 0}});
  CHECK(found.points[0].smoothed == doctest::Approx(4).epsilon(1e-12));
  CHECK(found.points[1].smoothed == doctest::Approx((0.9 * 4 + 2) / 1.9).epsilon(1e-12));
  CHECK(found.points[2].smoothed == doctest::Approx((0.81 * 4 + 0.9 * 2 + 3) / 2.71).epsilon(1e-12));
}

TEST_CASE("find lr: a loss that never falls is said to, and one that is not finite ends the search") {
  const FoundLr flat = read_lr_curve(curve(30, [](double d) { return 1 + d; }));
  CHECK(flat.steepest == 0);
  CHECK(found_lr_text(flat).ends_with(
      "the loss does not fall at any of these rates: take a wider range, more steps, or look at data and recipe\n"));
  const FoundLr broken = read_lr_curve(curve(30, [](double d) { return d < 1.45 ? 3 - d : NAN; }));
  CHECK(broken.points.size() == 15);
  CHECK(broken.diverged == doctest::Approx(1e-6 * std::pow(10, 1.5)).epsilon(1e-9));
  CHECK(broken.lowest == doctest::Approx(1e-6 * std::pow(10, 1.4)).epsilon(1e-9));
}

TEST_CASE("find lr: rates are those of the recipe, before its scale rule") {
  FoundLr found = read_lr_curve(curve(40, [](double d) { return 6 - d; }));
  found.scale = 0.25;
  CHECK(found_lr_text(found).find("(scale_rule multiplies it by 0.25)") != std::string::npos);
}

}  // namespace
}  // namespace lafs
