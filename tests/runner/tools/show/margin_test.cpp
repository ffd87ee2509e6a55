#include "runner/tools/show/margin.h"

#include <cmath>
#include <numbers>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "support/error_of.h"
#include "support/front_door.h"

namespace lafs {
namespace {

std::vector<Chart> drawn(const std::vector<std::string>& heads, const std::vector<double>& norms = {}) {
  return margin_charts({heads, norms}, test::registry());
}

std::vector<std::string> names(const Chart& chart) {
  std::vector<std::string> all;
  for (const Series& series : chart.series) all.push_back(series.name);
  return all;
}

std::string refused(const std::vector<std::string>& heads, const std::vector<double>& norms = {}) {
  return test::error_of([&] { drawn(heads, norms); });
}

}  // namespace

TEST_CASE("show margin: the logit over the angle, and how far it is below the cosine") {
  const auto charts = drawn({"cosface:margin=0.3,scale=10", "arcface"});
  REQUIRE(charts.size() == 2);
  CHECK(names(charts[0]) == std::vector<std::string>{"cosface:margin=0.3,scale=10", "arcface"});
  const Series &cosface = charts[0].series[0], &arcface = charts[0].series[1];
  REQUIRE(cosface.x.size() == 361);
  CHECK(cosface.x[120] == 60);
  CHECK(cosface.y[120] == doctest::Approx(0.2).epsilon(1e-6));
  CHECK(arcface.y[120] == doctest::Approx(std::cos(std::numbers::pi / 3 + 0.5)).epsilon(1e-6));
  CHECK(charts[1].series[0].y[200] == doctest::Approx(0.3).epsilon(1e-6));
}

TEST_CASE("show margin: a head that looks at the norm has a curve for each") {
  const auto charts = drawn({"cosface", "magface"}, {10, 110});
  CHECK(names(charts[0]) == std::vector<std::string>{"cosface", "magface, norm 10", "magface, norm 110"});
  CHECK(charts[0].series[1].y[120] == doctest::Approx(std::cos(std::numbers::pi / 3 + 0.45)).epsilon(1e-6));
  CHECK(charts[0].series[2].y[120] == doctest::Approx(std::cos(std::numbers::pi / 3 + 0.8)).epsilon(1e-6));
  CHECK(names(drawn({"adaface"})[0]) == std::vector<std::string>{"adaface, norm 20"});
}

TEST_CASE("show margin: what has no curve is refused") {
  CHECK(refused({"sface"}) == "head \"sface\" is a loss of its own: it has no logit of the target to draw");
  CHECK(refused({"softmax"}) == "head \"softmax\" does not normalise: its logits are no function of the angle");
  CHECK(refused({"cosface", "arcface"}, {10}) == "--norm has no effect with cosface, arcface; leave it out");
  CHECK(refused({"adaface", "magface"}, {10, 20, 30, 40, 50}) == "these are 10 curves, and at most 8 are drawn; name fewer heads or norms");
  CHECK(refused({"arcface:margin=9"}) ==
        "arcface:margin=9:1:8: error: margin = 9 is outside [0, 3] (added to the target angle, in radians)");
}

}  // namespace lafs
