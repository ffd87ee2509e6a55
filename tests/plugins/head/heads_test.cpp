#include <cmath>
#include <memory>
#include <numbers>
#include <string>

#include <doctest/doctest.h>
#include <torch/types.h>

#include "support/front_door.h"

using namespace lafs;

namespace {

/// phi and its slope at one cosine.
std::pair<double, double> margin_of(const std::string& plugin, const std::string& options, double cosine) {
  const auto head = test::make<Head>(plugin, options, int64_t{10});
  const at::Tensor c = torch::tensor({cosine}, at::kDouble).requires_grad_(true);
  const at::Tensor norms = torch::ones({1}, at::kDouble), labels = torch::zeros({1}, at::kLong);
  const at::Tensor phi = dynamic_cast<Margin&>(*head).target({c, norms, labels}, {});
  phi.sum().backward();
  return {phi.item<double>(), c.grad().item<double>()};
}

}  // namespace

TEST_CASE("cosface: subtracts the margin with slope 1") {
  const auto [phi, slope] = margin_of("cosface", "margin = 0.35", 0.3);
  CHECK(phi == doctest::Approx(-0.05));
  CHECK(slope == 1);
  CHECK(dynamic_cast<Margin&>(*test::make<Head>("cosface", "", int64_t{3})).scale() == 64);
  CHECK_FALSE(test::make<Head>("cosface", "", int64_t{3})->clamp_cosines());
  CHECK(test::make<Head>("cosface", "clamp = true", int64_t{3})->clamp_cosines());
}

TEST_CASE("arcface: the three formulations agree on the value inside the range (heads.md 3.1)") {
  for (const char* options : {"", "formulation = \"trig\"", "formulation = \"acos\""}) {
    CAPTURE(options);
    CHECK(64 * margin_of("arcface", options, 0.3).first == doctest::Approx(-12.420355).epsilon(1e-6));
  }
  CHECK(64 * margin_of("arcface", "formulation = \"trig\"", -0.95).first == doctest::Approx(-76.141617).epsilon(1e-6));
  CHECK(64 * margin_of("arcface", "", -0.95).first == doctest::Approx(-62.937857).epsilon(1e-6));
}

TEST_CASE("arcface: slopes are 1 when straight-through and exact otherwise") {
  const double exact = std::sin(std::acos(0.3) + 0.5) / std::sin(std::acos(0.3));
  CHECK(margin_of("arcface", "", 0.3).second == 1);
  CHECK(margin_of("arcface", "formulation = \"trig\"", 0.3).second == doctest::Approx(exact));
  CHECK(margin_of("arcface", "formulation = \"acos\"", 0.3).second == doctest::Approx(exact));
  CHECK(margin_of("arcface", "formulation = \"trig\"", -0.95).second == 1);
}

TEST_CASE("arcface: the safe formulations have finite slopes at the ends") {
  for (const double end : {-1.0, 1.0}) {
    for (const char* options : {"", "formulation = \"trig\"", "formulation = \"acos\""}) {
      CAPTURE(options);
      CAPTURE(end);
      const auto [phi, slope] = margin_of("arcface", options, end);
      CHECK(std::isfinite(phi));
      CHECK(std::isfinite(slope));
    }
  }
}

TEST_CASE("arcface: the easy margin leaves negative cosines alone") {
  const std::string easy = "formulation = \"trig\"\neasy_margin = true";
  CHECK(margin_of("arcface", easy, -0.2).first == -0.2);
  CHECK(margin_of("arcface", easy, 0.3).first == doctest::Approx(std::cos(std::acos(0.3) + 0.5)));
}
