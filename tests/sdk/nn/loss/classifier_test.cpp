#include "nn/loss/classifier.h"

#include <algorithm>
#include <cmath>
#include <memory>

#include <ATen/autocast_mode.h>
#include <doctest/doctest.h>
#include <torch/types.h>

#include "lafs/error.h"
#include "nn/loss/sparse_cross_entropy.h"
#include "nn/train/initial_values.h"
#include "support/front_door.h"

using namespace lafs;
using namespace lafs::nn;

namespace {

Classifier::Options sized(int64_t classes, int64_t width, double floor = 0) {
  Classifier::Options options;
  options.classes = classes;
  options.width = width;
  options.probability_floor = floor;
  return options;
}

std::shared_ptr<Classifier> classifier_of(const Classifier::Options& options) {
  auto classifier = std::make_shared<Classifier>(options);
  initialise(*classifier, 2);
  return classifier;
}

Targets hard(const std::vector<int64_t>& labels) {
  Targets targets;
  targets.label_a = torch::tensor(labels);
  for (const int64_t label : labels) targets.complete = targets.complete && label >= 0;
  return targets;
}

std::shared_ptr<Head> cosface() { return test::make<Head>("cosface", "", int64_t{5}); }

/// Largest difference between the gradient and central differences of f, in double.
template <typename F>
double gradient_error(const F& f, const at::Tensor& at_point) {
  const at::Tensor x = at_point.clone().requires_grad_(true);
  f(x).backward();
  const at::Tensor gradient = x.grad().reshape({-1});
  double worst = 0;
  for (int64_t i = 0; i < x.numel(); ++i) {
    at::Tensor plus = at_point.clone(), minus = at_point.clone();
    plus.view(-1)[i] += 1e-6;
    minus.view(-1)[i] -= 1e-6;
    const double slope = (f(plus).template item<double>() - f(minus).template item<double>()) / 2e-6;
    worst = std::max(worst, std::abs(slope - gradient[i].template item<double>()));
  }
  return worst;
}

}  // namespace

TEST_CASE("sparse cross-entropy: value and gradient are those of log_softmax with dense targets") {
  const at::Tensor logits = torch::randn({4, 6}, at::kDouble) * 3, classes = torch::tensor({0, 1, 2, 5, 3, 4, 5, 0}).view({4, 2});
  const at::Tensor weights = torch::tensor({0.7, 0.3, 1.0, 0.0, 0.5, 0.5, 0.2, 0.8}, at::kDouble).view({4, 2});
  const at::Tensor dense = torch::zeros({4, 6}, at::kDouble).scatter_add_(1, classes, weights);
  const at::Tensor upstream = torch::tensor({1.0, -2.0, 0.5, 3.0}, at::kDouble);
  const auto ours = [&](const at::Tensor& z) { return (sparse_cross_entropy(z, classes, weights, 0) * upstream).sum(); };
  const auto plain = [&](const at::Tensor& z) { return (-(dense * at::log_softmax(z, 1)).sum(1) * upstream).sum(); };
  CHECK(std::abs(ours(logits).item<double>() - plain(logits).item<double>()) < 1e-12);
  CHECK(gradient_error(ours, logits) < 1e-7);
  const at::Tensor a = logits.clone().requires_grad_(true), b = logits.clone().requires_grad_(true);
  ours(a).backward();
  plain(b).backward();
  CHECK(at::allclose(a.grad(), b.grad(), 1e-10, 1e-12));
}

TEST_CASE("sparse cross-entropy: half inputs are summed in fp32 and get their gradient in their own type") {
  const at::Tensor logits = (torch::randn({3, 50}) * 20).to(at::kBFloat16), classes = torch::tensor({{1}, {2}, {3}}),
                   weights = torch::ones({3, 1});
  const at::Tensor z = logits.clone().requires_grad_(true);
  const at::Tensor loss = sparse_cross_entropy(z, classes, weights, 0);
  CHECK((loss.scalar_type() == at::kFloat));
  CHECK(at::allclose(loss, sparse_cross_entropy(logits.to(at::kFloat), classes, weights, 0)));
  loss.sum().backward();
  CHECK((z.grad().scalar_type() == at::kBFloat16));
}

TEST_CASE("classifier: gradients through margin and matrix agree with finite differences") {
  const auto classifier = classifier_of(sized(5, 4));
  classifier->to(at::kDouble);
  const auto head = cosface();
  Targets targets = hard({0, 3, 3, 1});
  targets.label_b = torch::tensor({2, 3, 0, 4});
  targets.lambda = torch::tensor({0.3, 0.6, 0.9, 1.0});
  for (const double smoothing : {0.0, 0.1}) {
    CAPTURE(smoothing);
    targets.smoothing = smoothing;
    CHECK(gradient_error([&](const at::Tensor& e) { return classifier->loss(e, targets, *head, {}); }, torch::randn({4, 4}, at::kDouble)) <
          1e-6);
  }
}

TEST_CASE("classifier: mixed targets take margins by weight; equal labels count once") {
  const at::NoGradGuard no_grad;
  const auto classifier = classifier_of(sized(5, 4));
  const auto head = cosface();
  const at::Tensor e = torch::randn({2, 4});
  const at::Tensor cosines = at::matmul(e / e.norm(2, {1}, true), (classifier->weight / classifier->weight.norm(2, {1}, true)).t());
  Targets targets = hard({0, 3});
  targets.label_b = torch::tensor({2, 3});
  targets.lambda = torch::tensor({0.25, 0.25});
  at::Tensor y = torch::zeros({2, 5});
  y[0][0] = 0.25;
  y[0][2] = 0.75;
  y[1][3] = 1;
  const at::Tensor z = 64 * (cosines - 0.4 * y);
  CHECK(at::allclose(classifier->logits(e, targets, *head, {}), z, 1e-5, 1e-4));
  CHECK(at::allclose(classifier->loss(e, targets, *head, {}), -(y * at::log_softmax(z, 1)).sum(1).mean(), 1e-5, 1e-4));
}

TEST_CASE("classifier: a row of label -1 costs the floor and pushes every class away") {
  const auto classifier = classifier_of(sized(5, 4, 1e-30));
  const auto head = cosface();
  const at::Tensor e = torch::randn({1, 4}).requires_grad_(true);
  const at::Tensor loss = classifier->loss(e, hard({-1}), *head, {});
  CHECK(loss.item<double>() == doctest::Approx(-std::log(1e-30)));
  loss.backward();
  CHECK(e.grad().abs().max().item<double>() > 0);
}

TEST_CASE("classifier: accuracy looks at plain cosines and the label of larger weight") {
  const at::NoGradGuard no_grad;
  const auto classifier = classifier_of(sized(3, 3));
  classifier->weight.copy_(torch::eye(3));
  const auto head = cosface();
  const at::Tensor e = torch::eye(3);
  at::Tensor accuracy;
  classifier->loss(e, hard({0, 1, 0}), *head, {}, &accuracy);
  CHECK(accuracy.item<double>() == doctest::Approx(2.0 / 3));
  Targets mixed = hard({1, 1, 0});
  mixed.label_b = torch::tensor({0, 2, 2});
  mixed.lambda = torch::tensor({0.2, 0.8, 0.4});
  classifier->loss(e, mixed, *head, {}, &accuracy);
  CHECK(accuracy.item<double>() == doctest::Approx(1));
}

TEST_CASE("classifier: with sub-centres a class has its largest cosine") {
  const at::NoGradGuard no_grad;
  Classifier::Options options = sized(2, 2);
  options.sub_centers = 2;
  const auto classifier = classifier_of(options);
  classifier->weight.copy_(torch::tensor({1.0, 0.0, 0.0, 1.0, -1.0, 0.0, 0.0, -1.0}).view({4, 2}));
  const at::Tensor logits = classifier->logits(torch::tensor({{0.0, 2.0}}), hard({-1}), *cosface(), {});
  CHECK(at::allclose(logits, torch::tensor({{64.0f, 0.0f}})));
}

TEST_CASE("classifier: under autocast only the product is rounded") {
  const auto classifier = classifier_of(sized(50, 16));
  const auto head = cosface();
  const at::Tensor e = torch::randn({8, 16}).requires_grad_(true);
  const Targets targets = hard({0, 1, 2, 3, 4, 5, 6, 7});
  const at::Tensor plain = classifier->loss(e, targets, *head, {});
  at::autocast::set_autocast_enabled(at::kCPU, true);
  const at::Tensor cast = classifier->loss(e, targets, *head, {});
  at::autocast::clear_cache();
  at::autocast::set_autocast_enabled(at::kCPU, false);
  CHECK((cast.scalar_type() == at::kFloat));
  CHECK(std::abs(cast.item<double>() - plain.item<double>()) < 0.2);
  cast.backward();
  CHECK((e.grad().scalar_type() == at::kFloat));
}

TEST_CASE("classifier: an extra loss sees lengths without gradient unless the head asks for it") {
  struct Long : Head, Margin, ExtraLoss {
    double scale() const override { return 8; }
    at::Tensor target(const TargetRows& rows, const Pass&) override { return rows.cosines; }
    at::Tensor extra_loss(const at::Tensor& norms, const Pass&) override {
      seen = norms.requires_grad();
      return norms.sum();
    }
    bool seen = false;
  };
  struct LongWithGradient final : Long, NormGradient {};
  const auto classifier = classifier_of(sized(5, 4));
  const at::Tensor embedding = torch::randn({2, 4}).requires_grad_();
  Long plain;
  LongWithGradient asking;
  classifier->loss(embedding, hard({1, 2}), plain, {}, nullptr);
  classifier->loss(embedding, hard({1, 2}), asking, {}, nullptr);
  CHECK_FALSE(plain.seen);
  CHECK(asking.seen);
}

TEST_CASE("classifier: a whole loss with an ability that nobody would call is an error") {
  struct Both final : Head, WholeLoss, ExtraLoss {
    at::Tensor losses(const at::Tensor& cosines, const at::Tensor&, const Pass&) override { return cosines.sum(1); }
    at::Tensor extra_loss(const at::Tensor& norms, const Pass&) override { return norms.sum(); }
  };
  Both both;
  const auto classifier = classifier_of(sized(5, 4));
  CHECK_THROWS_WITH_AS(classifier->loss(torch::randn({2, 4}), hard({1, 2}), both, {}, nullptr),
                       "a head that is a whole loss cannot have a margin, statistics, an extra loss or a say in norms and negatives",
                       Error);
}

TEST_CASE("classifier: wrong shapes are named") {
  const auto classifier = classifier_of(sized(5, 4));
  const auto head = cosface();
  CHECK_THROWS_WITH_AS(classifier->loss(torch::zeros({2, 3}), hard({0, 1}), *head, {}), "\"embedding\" has 3 columns, the class matrix 4",
                       Error);
  CHECK_THROWS_WITH_AS(classifier->loss(torch::zeros({2, 4}), hard({0}), *head, {}), "\"label_a\" has 1 rows, the embedding 2", Error);
}
