#include "nn/loss/fused_loss.h"

#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include <ATen/Parallel.h>
#include <ATen/autocast_mode.h>
#include <doctest/doctest.h>
#include <torch/types.h>

#include "lafs/error.h"
#include "lafs/rng.h"
#include "nn/loss/classifier.h"
#include "nn/train/initial_values.h"
#include "support/front_door.h"
#include "support/thread_ranks.h"
#include "support/vector_units.h"

using namespace lafs;
using namespace lafs::nn;

namespace {

std::shared_ptr<Classifier> made(int64_t classes, int64_t width, double floor = 0, int64_t rank = 0, int64_t world = 1) {
  Classifier::Options options;
  options.classes = classes;
  options.width = width;
  options.probability_floor = floor;
  options.init = "normal_0.01";
  options.rank = rank;
  options.world = world;
  options.fuse_from = 0;
  auto classifier = std::make_shared<Classifier>(options);
  initialise(*classifier, 3);
  return classifier;
}

/// Changes negatives by their own and the target cosine, with slopes for both.
struct Pushing : Head, Margin, ChangesNegatives {
  double scale() const override { return 16; }
  at::Tensor target(const TargetRows& rows, const Pass&) override { return rows.cosines - 0.2; }
  at::Tensor negatives(const at::Tensor& cosines, const at::Tensor& target_cosines, const Pass&) override {
    const at::Tensor t = target_cosines.unsqueeze(1);
    return at::where(cosines > t, cosines * (1.2 + t), cosines);
  }
  bool elementwise() const override { return true; }
};

struct Outcome {
  at::Tensor loss, accuracy, embedding, weight;
};

template <typename Loss>
Outcome outcome_of(Classifier& classifier, const at::Tensor& embedding, const Loss& loss) {
  classifier.weight.mutable_grad() = at::Tensor();
  Outcome out;
  const at::Tensor e = embedding.clone().requires_grad_(true);
  const at::Tensor value = loss(e, &out.accuracy);
  value.backward();
  out.loss = value.detach();
  out.embedding = e.grad();
  out.weight = classifier.weight.grad();
  return out;
}

/// Difference of tensors beside the larger one's largest number.
double far(const at::Tensor& a, const at::Tensor& b) {
  const double size = std::max(b.abs().max().item<double>(), 1e-12);
  const double difference = (a - b).abs().max().item<double>() / size;
  return difference == difference ? difference : INFINITY;
}

void check_alike(Classifier& classifier, const at::Tensor& embedding, const Targets& targets, Head& head, double limit) {
  const HeadAbilities abilities(head);
  const Outcome fused = outcome_of(classifier, embedding, [&](const at::Tensor& e, at::Tensor* accuracy) {
    return classifier.loss(e, targets, abilities, {}, accuracy);
  });
  const Outcome plain = outcome_of(classifier, embedding, [&](const at::Tensor& e, at::Tensor* accuracy) {
    return classifier.loss_plain(e, targets, abilities, {}, accuracy);
  });
  CHECK(std::abs(fused.loss.item<double>() - plain.loss.item<double>()) < limit * (1 + std::abs(plain.loss.item<double>())));
  CHECK(fused.accuracy.item<double>() == doctest::Approx(plain.accuracy.item<double>()));
  CHECK(far(fused.embedding, plain.embedding) < 10 * limit);
  CHECK(far(fused.weight, plain.weight) < 10 * limit);
}

Targets drawn_targets(Rng& rng, int64_t rows, int64_t classes, bool mixed, bool with_missing, double smoothing) {
  Targets targets;
  targets.label_a = at::empty({rows}, at::kLong);
  targets.complete = !with_missing;
  targets.smoothing = smoothing;
  if (mixed) {
    targets.label_b = at::empty({rows}, at::kLong);
    targets.lambda = at::empty({rows}, at::kFloat);
  }
  for (int64_t r = 0; r < rows; ++r) {
    targets.label_a[r] = with_missing && rng.coin(0.2) ? -1 : rng.integer(0, classes);
    if (!mixed) continue;
    targets.label_b[r] =
        rng.coin(0.2) && targets.label_a[r].item<int64_t>() >= 0 ? targets.label_a[r].item<int64_t>() : rng.integer(0, classes);
    targets.lambda[r] = rng.coin(0.2) ? 1.0 : rng.uniform();
  }
  return targets;
}

}  // namespace

TEST_CASE("fused loss: value, accuracy and gradients are those of the plain operations on drawn shapes and targets") {
  for (uint64_t seed = 0; seed < 60; ++seed) {
    CAPTURE(seed);
    Rng rng(seed);
    torch::manual_seed(static_cast<int64_t>(seed));
    const int64_t rows = rng.integer(1, 20), classes = rng.integer(1, seed % 5 == 0 ? 9000 : 300), width = rng.integer(2, 70);
    const bool mixed = rng.coin(0.5), missing = !mixed && rng.coin(0.3), smooth = rng.coin(0.3);
    const auto head = test::make<Head>(rng.coin(0.5) ? "cosface" : "arcface", rng.coin(0.5) ? "scale = 8" : "scale = 64", classes);
    const auto classifier = made(classes, width, !smooth && rng.coin(0.3) ? 1e-30 : 0);
    Targets targets = drawn_targets(rng, rows, classes, mixed, missing, smooth ? 0.1 : 0);
    if (mixed && !smooth && rng.coin(0.4)) targets.mix = Mix::losses;
    check_alike(*classifier, torch::randn({rows, width}), targets, *head, 2e-5);
  }
}

TEST_CASE("fused loss: a head that changes negatives one by one") {
  Pushing head;
  for (uint64_t seed = 0; seed < 20; ++seed) {
    CAPTURE(seed);
    Rng rng(seed);
    torch::manual_seed(static_cast<int64_t>(seed));
    const int64_t rows = rng.integer(1, 12), classes = rng.integer(2, seed % 4 == 0 ? 20000 : 200), width = rng.integer(2, 40);
    const auto classifier = made(classes, width);
    CHECK(fused_losses_take(torch::zeros({1, width}), {classifier->weight}, {}, HeadAbilities(head)));
    check_alike(*classifier, torch::randn({rows, width}), drawn_targets(rng, rows, classes, rng.coin(0.5), false, 0), head, 2e-5);
  }
}

TEST_CASE("fused loss: on every vector unit, and whatever the number of threads") {
  const auto classifier = made(5003, 24);
  const auto head = test::make<Head>("cosface", "", int64_t{5003});
  const HeadAbilities abilities(*head);
  Rng rng(4);
  torch::manual_seed(4);
  const Targets targets = drawn_targets(rng, 7, 5003, true, false, 0);
  const at::Tensor embedding = torch::randn({7, 24});
  test::on_every_unit([&] { check_alike(*classifier, embedding, targets, *head, 2e-5); });
  const auto run = [&] {
    return outcome_of(*classifier, embedding,
                      [&](const at::Tensor& e, at::Tensor* a) { return classifier->loss(e, targets, abilities, {}, a); });
  };
  const int threads = at::get_num_threads();
  at::set_num_threads(1);
  const Outcome one = run();
  at::set_num_threads(3);
  const Outcome three = run();
  at::set_num_threads(threads);
  CHECK(at::equal(one.loss, three.loss));
  CHECK(at::equal(one.embedding, three.embedding));
  CHECK(at::equal(one.weight, three.weight));
}

TEST_CASE("fused loss: gradients are the slopes of the loss, in double") {
  torch::manual_seed(1);
  Pushing pushing;
  const auto cosface = test::make<Head>("cosface", "scale = 4", int64_t{40});
  const auto classifier = made(40, 6);
  classifier->to(at::kDouble);
  for (const std::string kind : {"hard", "mixed", "losses", "smoothed", "pushing"}) {
    CAPTURE(kind);
    Targets targets;
    targets.label_a = torch::tensor({0, 39, 7});
    if (kind != "hard" && kind != "smoothed") {
      targets.label_b = torch::tensor({5, 39, 8});
      targets.lambda = torch::tensor({0.3, 0.6, 0.9});
    }
    if (kind == "losses") targets.mix = Mix::losses;
    if (kind == "smoothed") targets.smoothing = 0.2;
    Head& head = kind == "pushing" ? static_cast<Head&>(pushing) : *cosface;
    const at::Tensor embedding = torch::randn({3, 6}, at::kDouble).requires_grad_(true);
    const auto loss = [&] { return classifier->loss(embedding, targets, head, {}); };
    classifier->weight.mutable_grad() = at::Tensor();
    loss().backward();
    for (const auto& [parameter, gradient] :
         {std::pair{embedding, embedding.grad()}, std::pair{classifier->weight, classifier->weight.grad()}}) {
      const at::NoGradGuard no_grad;
      double worst = 0;
      for (int64_t i = 0; i < parameter.numel(); ++i) {
        at::Tensor one = parameter.view(-1)[i];
        const double value = one.item<double>();
        one.fill_(value + 1e-6);
        const double above = loss().item<double>();
        one.fill_(value - 1e-6);
        const double below = loss().item<double>();
        one.fill_(value);
        worst = std::max(worst, std::abs((above - below) / 2e-6 - gradient.reshape(-1)[i].item<double>()));
      }
      CHECK(worst < 1e-6 * std::max(1.0, gradient.abs().max().item<double>()));
    }
  }
}

TEST_CASE("fused loss: under autocast the product is rounded as the plain one is") {
  const auto classifier = made(700, 32);
  const auto head = test::make<Head>("cosface", "scale = 8", int64_t{700});
  Rng rng(2);
  torch::manual_seed(2);
  const at::Tensor embedding = torch::randn({6, 32});
  const Targets targets = drawn_targets(rng, 6, 700, true, false, 0);
  const HeadAbilities abilities(*head);
  const auto under = [&](const auto& loss) {
    at::autocast::set_autocast_enabled(at::kCPU, true);
    at::autocast::set_autocast_dtype(at::kCPU, at::kBFloat16);
    classifier->weight.mutable_grad() = at::Tensor();
    const at::Tensor e = embedding.clone().requires_grad_(true), value = loss(e);
    at::autocast::clear_cache();
    at::autocast::set_autocast_enabled(at::kCPU, false);
    value.backward();
    return Outcome{value.detach(), {}, e.grad(), classifier->weight.grad()};
  };
  const Outcome fused = under([&](const at::Tensor& e) { return classifier->loss(e, targets, abilities, {}); });
  const Outcome plain = under([&](const at::Tensor& e) { return classifier->loss_plain(e, targets, abilities, {}); });
  const Outcome exact = outcome_of(*classifier, embedding,
                                   [&](const at::Tensor& e, at::Tensor* a) { return classifier->loss(e, targets, abilities, {}, a); });
  CHECK((fused.loss.scalar_type() == at::kFloat));
  CHECK(std::abs(fused.loss.item<double>() - plain.loss.item<double>()) < 2e-3);
  CHECK(std::abs(fused.loss.item<double>() - exact.loss.item<double>()) > 0);
  CHECK(far(fused.embedding, plain.embedding) < 2e-2);
  CHECK(far(fused.weight, plain.weight) < 2e-2);
}

TEST_CASE("fused loss: a number that is no number in the matrix makes a loss that is none") {
  const auto classifier = made(300, 8);
  const auto head = test::make<Head>("cosface", "", int64_t{300});
  {
    const at::NoGradGuard no_grad;
    classifier->weight[200][3] = NAN;
  }
  Targets targets;
  targets.label_a = torch::tensor({1, 2});
  CHECK(std::isnan(classifier->loss(torch::randn({2, 8}), targets, *head, {}).item<double>()));
}

TEST_CASE("fused loss: on several ranks the loss and gradients are those of one") {
  const int64_t classes = 103, width = 12, batch = 5;
  for (const std::string kind : {"hard", "mixed", "losses", "pushing"}) {
    for (const int64_t world : {2, 3}) {
      CAPTURE(kind);
      CAPTURE(world);
      const auto cosface = test::make<Head>("cosface", "scale = 16", classes);
      Pushing pushing;
      Head& head = kind == "pushing" ? static_cast<Head&>(pushing) : *cosface;
      Rng rng(7);
      torch::manual_seed(7);
      Targets all = drawn_targets(rng, world * batch, classes, kind == "mixed" || kind == "losses", false, 0);
      if (kind == "losses") all.mix = Mix::losses;
      const at::Tensor embeddings = torch::randn({world * batch, width});
      const auto whole = made(classes, width);
      const HeadAbilities abilities(head);
      const Outcome one =
          outcome_of(*whole, embeddings, [&](const at::Tensor& e, at::Tensor* a) { return whole->loss(e, all, abilities, {}, a); });
      std::vector<Outcome> parts(static_cast<size_t>(world));
      test::on_ranks(world, [&](Collective& ranks) {
        const auto own = made(classes, width, 0, ranks.rank(), world);
        const auto cut = [&](const at::Tensor& rows) { return rows.defined() ? rows.narrow(0, ranks.rank() * batch, batch) : rows; };
        Targets targets = all;
        targets.label_a = cut(all.label_a);
        targets.label_b = cut(all.label_b);
        targets.lambda = cut(all.lambda);
        parts[static_cast<size_t>(ranks.rank())] = outcome_of(*own, cut(embeddings), [&](const at::Tensor& e, at::Tensor* a) {
          return own->loss(e, targets, abilities, Pass{true, nullptr, &ranks}, a);
        });
      });
      std::vector<at::Tensor> weights, rows;
      for (const Outcome& part : parts) {
        CHECK(std::abs(part.loss.item<double>() - one.loss.item<double>()) < 1e-4);
        CHECK(part.accuracy.item<double>() == doctest::Approx(one.accuracy.item<double>()));
        weights.push_back(part.weight);
        rows.push_back(part.embedding / static_cast<double>(world));
      }
      CHECK(far(at::cat(weights), one.weight) < 1e-4);
      CHECK(far(at::cat(rows), one.embedding) < 1e-4);
    }
  }
}
