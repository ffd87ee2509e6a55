// Rules of the margin heads against their formulas (heads.md 3): values, slopes, order, the ends of the range.
#include <algorithm>
#include <cmath>
#include <memory>
#include <numbers>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <doctest/doctest.h>
#include <torch/types.h>

#include "support/error_of.h"
#include "support/front_door.h"

using namespace lafs;

namespace {

using HeadOptions = std::pair<std::string, std::string>;

constexpr int64_t ten = 10;

at::Tensor target_of(Head& head, const at::Tensor& cosines, const at::Tensor& norms) {
  const at::Tensor labels = at::zeros({cosines.size(0)}, at::kLong);
  return dynamic_cast<Margin&>(head).target({cosines, norms, labels}, {});
}
at::Tensor target_of(const HeadOptions& made, const at::Tensor& cosines, double norm = 20) {
  return target_of(*test::make<Head>(made.first, made.second, ten), cosines, at::full_like(cosines.detach(), norm));
}
double target_of(const HeadOptions& made, double cosine, double norm = 20) {
  return target_of(made, at::full({1}, cosine, at::kDouble), norm).item<double>();
}

/// Largest difference between a gradient and central differences, in double.
template <typename F>
double slope_error(const F& f, const at::Tensor& at_point) {
  const at::Tensor x = at_point.clone().requires_grad_(true);
  f(x).sum().backward();
  const at::Tensor differences = (f(at_point + 1e-6) - f(at_point - 1e-6)) / 2e-6;
  return (x.grad() - differences.detach()).abs().max().template item<double>();
}

const std::vector<HeadOptions> with_exact_slopes{
    {"cosface", ""},
    {"normalised_softmax", ""},
    {"arcface", "formulation = \"trig\""},
    {"subcenter_arcface", "formulation = \"acos\""},
    {"combined", "m3 = 0.2\nfilter = 0.3"},
    {"combined", "m1 = 0.9\nm2 = 0.3\nm3 = 0.15\nformula = \"sum\""},
    {"adaface", ""},
    {"curricularface", ""},
    {"magface", ""},
    {"magface", "easy_margin = false"},
    {"sphereface", ""},
    {"sphereface", "annealing = \"none\""},
    {"sphereface", "margin = 1.35\nscale = 64\nannealing = \"face_evolve\""},
    {"elasticface", ""},
    {"elasticface", "rule = \"cos\"\nplus = true"},
    {"mv_softmax", ""},
    {"mv_softmax", "rule = \"arc\""},
    {"arcneg", ""},
    {"npcface", ""},
    {"adacos", ""},
};

}  // namespace

TEST_CASE("heads: slopes of targets and of other cosines agree with finite differences") {
  const at::Tensor cosines = at::linspace(-0.93, 0.94, 60, at::kDouble), targets = at::linspace(-0.5, 0.7, 6, at::kDouble);
  for (const HeadOptions& made : with_exact_slopes) {
    CAPTURE(made.first);
    CAPTURE(made.second);
    CHECK(slope_error([&](const at::Tensor& c) { return target_of(made, c); }, cosines) < 1e-6);
    const auto head = test::make<Head>(made.first, made.second, ten);
    auto* negatives = dynamic_cast<ChangesNegatives*>(head.get());
    if (!negatives) continue;
    const auto changed = [&](const at::Tensor& c) { return negatives->negatives(c.view({6, 10}), targets, {}).reshape({-1}); };
    CHECK(slope_error(changed, cosines) < 1e-6);
  }
}

TEST_CASE("magface: the norm has a gradient inside its range, and the extra loss too") {
  const auto head = test::make<Head>("magface", "", ten);
  const at::Tensor norms = at::linspace(5.3, 119.7, 24, at::kDouble), cosines = at::full({24}, 0.4, at::kDouble);
  CHECK(slope_error([&](const at::Tensor& a) { return target_of(*head, cosines, a); }, norms) < 1e-7);
  const at::Tensor a = norms.clone().requires_grad_(true);
  dynamic_cast<ExtraLoss&>(*head).extra_loss(a, {}).backward();
  const at::Tensor inside = (norms > 10).logical_and(norms < 110);
  const at::Tensor exact = 35.0 / 24 * (1 / (110.0 * 110) - 1 / (norms * norms)) * inside;
  CHECK(at::allclose(a.grad(), exact, 1e-9, 1e-12));
}

TEST_CASE("heads: values of their formulas") {
  const auto angle = [](double cosine, double times, double plus) { return std::cos(times * std::acos(cosine) + plus); };
  CHECK(target_of({"combined", ""}, 0.3) == doctest::Approx(angle(0.3, 1, 0.5)));
  CHECK(target_of({"combined", "m1 = 2.0\nm2 = 0.9\nm3 = 0.4"}, 0.3) == doctest::Approx(-0.1));  // as published: m3 alone
  CHECK(target_of({"combined", "m1 = 0.9\nm2 = 0.3\nm3 = 0.2\nformula = \"sum\""}, 0.3) == doctest::Approx(angle(0.3, 0.9, 0.3) - 0.2));
  CHECK(target_of({"magface", ""}, 0.3, 60) == doctest::Approx(angle(0.3, 1, 0.625)));
  CHECK(target_of({"magface", ""}, 0.3, 500) == doctest::Approx(angle(0.3, 1, 0.8)));
  CHECK(target_of({"magface", ""}, -0.3, 60) == -0.3);
  CHECK(target_of({"magface", "easy_margin = false"}, -0.95, 60) == doctest::Approx(-0.95 - 0.625 * std::sin(0.625)));
  CHECK(target_of({"elasticface", ""}, 0.3) == doctest::Approx(angle(0.3, 1, 0.5)));
  CHECK(target_of({"mv_softmax", ""}, 0.5) == doctest::Approx(0.15));
  CHECK(target_of({"mv_softmax", ""}, 0.3) == 0.3);
  CHECK(target_of({"npcface", ""}, 0.3) == doctest::Approx(angle(0.3, 1, 0.4)));
  CHECK(target_of({"circle", ""}, 0.5) == doctest::Approx(0.75 * -0.25));
  // psi falls from 1 to 1 - 2m in m arcs.
  const HeadOptions sphereface{"sphereface", "annealing = \"none\""};
  CHECK(target_of(sphereface, std::cos(0.5)) == doctest::Approx(std::cos(2.0)));
  CHECK(target_of(sphereface, std::cos(1.0)) == doctest::Approx(-std::cos(4.0) - 2));
  CHECK(target_of(sphereface, -1) == doctest::Approx(-7));
  CHECK(target_of({"sphereface", ""}, 0) == doctest::Approx(-3 / 1501.0));
}

TEST_CASE("heads: targets never rise with the angle where they are continued") {
  const at::Tensor cosines = at::linspace(1, -1, 2001, at::kDouble);
  for (const HeadOptions& made : std::vector<HeadOptions>{{"cosface", ""},
                                                          {"arcface", "formulation = \"trig\""},
                                                          {"subcenter_arcface", "formulation = \"trig\""},
                                                          {"curricularface", "margin = 0.8"},
                                                          {"magface", "easy_margin = false"},
                                                          {"sphereface", "annealing = \"none\""},
                                                          {"sphereface", "margin = 1.5\nscale = 30\nannealing = \"none\""},
                                                          {"arcneg", ""},
                                                          {"adaface", ""},
                                                          {"elasticface", "rule = \"cos\""}}) {
    CAPTURE(made.first);
    CAPTURE(made.second);
    CHECK(target_of(made, cosines).diff().max().item<double>() < 1e-6);
  }
}

TEST_CASE("heads: values and slopes are finite at the ends of the range") {
  std::vector<HeadOptions> all = with_exact_slopes;
  all.insert(all.end(), {{"arcface", ""}, {"combined", ""}, {"circle", ""}, {"adacos", "dynamic = false"}});
  const at::Tensor ends = torch::tensor({-1.0F, 1.0F, 0.0F, 0.99999994F});
  for (const HeadOptions& made : all) {
    CAPTURE(made.first);
    CAPTURE(made.second);
    const auto head = test::make<Head>(made.first, made.second, ten);
    const at::Tensor cosines = ends.view({4, 1}).repeat({1, 4}).requires_grad_(true);
    at::Tensor out = target_of(*head, cosines.diagonal(), torch::tensor({0.0F, 1e-3F, 20.0F, 1e6F}));
    if (auto* negatives = dynamic_cast<ChangesNegatives*>(head.get())) out = out + negatives->negatives(cosines, ends, {true}).sum(1);
    CHECK(out.isfinite().all().item<bool>());
    out.sum().backward();
    CHECK(cosines.grad().isfinite().all().item<bool>());
  }
  const auto sface = test::make<Head>("sface", "", ten);
  const at::Tensor cosines = ends.view({4, 1}).repeat({1, 4}).requires_grad_(true);
  const at::Tensor losses = dynamic_cast<WholeLoss&>(*sface).losses(cosines, torch::tensor({0, 1, 2, -1}), {});
  losses.sum().backward();
  CHECK(losses.isfinite().all().item<bool>());
  CHECK(cosines.grad().isfinite().all().item<bool>());
}

TEST_CASE("sface: weights of pulling and pushing have no gradient") {
  const auto head = test::make<Head>("sface", "", ten);
  const auto pull = [](double theta) { return 1 / (1 + std::exp(-80 * (theta - 0.8))); };
  const auto push = [](double theta) { return 1 / (1 + std::exp(80 * (theta - 1.23))); };
  const std::vector<double> angles{0.9, 1.2, 1.3};
  at::Tensor cosines = torch::tensor(angles, at::kDouble).cos().view({1, 3}).requires_grad_(true);
  const at::Tensor losses = dynamic_cast<WholeLoss&>(*head).losses(cosines, torch::tensor({0}), {});
  CHECK(pull(0.9) == doctest::Approx(0.99966).epsilon(1e-4));
  CHECK(push(1.2) == doctest::Approx(0.9168).epsilon(1e-3));
  const std::vector<double> weights{-64 * pull(0.9), 64 * push(1.2), 64 * push(1.3)};
  double expected = 0;
  for (size_t i = 0; i < 3; ++i) expected += weights[i] * std::cos(angles[i]);
  CHECK(losses.item<double>() == doctest::Approx(expected).epsilon(1e-9));
  losses.backward();
  CHECK(at::allclose(cosines.grad(), torch::tensor(weights, at::kDouble).view({1, 3}), 1e-9, 1e-12));
  // Without a class here every cosine is pushed.
  const at::Tensor elsewhere = dynamic_cast<WholeLoss&>(*head).losses(cosines.detach(), torch::tensor({-1}), {});
  CHECK(elsewhere.item<double>() == doctest::Approx(expected + (pull(0.9) + push(0.9)) * 64 * std::cos(0.9)));
}

TEST_CASE("heads: what other cosines become") {
  const at::Tensor cosines = torch::tensor({{0.5, 0.45, -0.2}}, at::kDouble), targets = torch::tensor({0.5}, at::kDouble);
  const auto negatives = [&](const std::string& plugin, const std::string& options) {
    const auto head = test::make<Head>(plugin, options, ten);
    const at::Tensor out = dynamic_cast<ChangesNegatives&>(*head).negatives(cosines, targets, {});
    return std::pair(out[0][1].item<double>(), out[0][2].item<double>());
  };
  using Two = std::pair<double, double>;
  CHECK(negatives("combined", "filter = 0.4") == Two{0, -0.2});
  CHECK(negatives("combined", "") == Two{0.45, -0.2});
  const auto [curricular, kept] = negatives("curricularface", "");
  CHECK(curricular == doctest::Approx(0.45 * 0.45));
  CHECK(kept == -0.2);
  CHECK(negatives("mv_softmax", "").first == doctest::Approx(1.12 * 0.45 + 0.12));
  CHECK(negatives("mv_softmax", "").second == -0.2);
  CHECK(negatives("npcface", "").first == doctest::Approx(1.1 * 0.45 + 0.2));
  CHECK(negatives("npcface", "").second == -0.2);
  CHECK(negatives("circle", "").first == doctest::Approx(0.7 * 0.2));
  CHECK(negatives("circle", "").second == doctest::Approx(0.05 * -0.45));
  const double r = 1.2 * std::exp(-std::pow(0.45 - std::cos(std::acos(0.5) + 0.5), 2) / 2);
  CHECK(negatives("arcneg", "").first == doctest::Approx(r * 0.45 + r - 1));
}

TEST_CASE("npcface: the margin grows by the mean of the hard other classes, the target aside") {
  const auto head = test::make<Head>("npcface", "", ten);
  const at::Tensor cosines = torch::tensor({{0.5, 0.45, 0.35, -0.2}, {0.9, 0.1, 0.0, 0.2}}, at::kDouble);
  const at::Tensor targets = torch::tensor({0.5, 0.9}, at::kDouble);
  dynamic_cast<ChangesNegatives&>(*head).negatives(cosines, targets, {});
  const at::Tensor phi = target_of(*head, targets, at::ones({2}, at::kDouble));
  CHECK(phi[0].item<double>() == doctest::Approx(std::cos(std::acos(0.5) + 0.4 + 0.2 * 0.4)));
  CHECK(phi[1].item<double>() == doctest::Approx(std::cos(std::acos(0.9) + 0.4)));
  CHECK(test::error_of([&] { target_of(*head, targets.slice(0, 1), at::ones({1}, at::kDouble)); }) ==
        "npcface needs the target class of every row");
}

TEST_CASE("heads: options that do not go together are refused") {
  const auto refused = [](const std::string& plugin, const std::string& options) {
    return test::error_of([&] { test::make<Head>(plugin, options, int64_t{2}); });
  };
  CHECK(refused("magface", "check_lambda_g = true\nlambda_g = 20.0")
            .ends_with("lambda_g 20 is below 22.587, the least with which each sample has one best norm; raise it"));
  CHECK(refused("magface", "lambda_g = 20.0") == "");
  CHECK(refused("magface", "check_lambda_g = true") == "");
  CHECK(refused("magface", "lower_norm = 110.0").ends_with("norms 110 to 110 or margins 0.45 to 0.8 do not rise"));
  CHECK(refused("magface", "lower_margin = 0.9").ends_with("norms 10 to 110 or margins 0.9 to 0.8 do not rise"));
  CHECK(refused("combined", "m1 = 0.9").ends_with("m1 = 0.9 without an m3 is no case of formula \"by_case\"; set formula = \"sum\""));
  CHECK(refused("adacos", "").ends_with("the scale of adacos needs at least 3 identities, not 2"));
  CHECK(refused("adaface", "margin = 3.0").find("is outside [0, 2]") != std::string::npos);
}
