#include <algorithm>
#include <cmath>
#include <memory>
#include <string>

#include <doctest/doctest.h>
#include <torch/types.h>

#include "lafs/error.h"
#include "nn/layers/tree.h"
#include "nn/train/initial_values.h"
#include "plugins/objective/identification/mixing.h"
#include "support/training.h"

using namespace lafs;
using identification::draw_mixing;
using identification::Mixing;
using identification::MixingOptions;

namespace {

struct Task {
  test::HandAssembly assembly;
  std::shared_ptr<Objective> objective;
  test::HandBatch batch;
  test::HandStep hand;

  explicit Task(const std::string& options = "", int64_t rows = 4) {
    assembly.contract.height = assembly.contract.width = 32;
    assembly.backbone_use = test::use<Backbone>("fvit", "dim = 16\ndepth = 1\nheads = 2\ndim_head = 8\nmlp_dim = 16");
    assembly.head_use = test::use<Head>("cosface");
    objective = test::make<Objective>("identification", options, assembly);
    nn::initialise(*objective->module(), 4);
    torch::manual_seed(1);
    batch.groups["image"] = torch::randn({1, rows, 3, 32, 32});
    batch.identities = torch::arange(rows, at::kLong);
  }
  double loss() { return objective->loss(batch, hand.step).item<double>(); }
};

}  // namespace

TEST_CASE("identification: the tree is backbone and classifier, the encoder the backbone") {
  const Task task;
  const auto state = nn::state_of(*task.objective->module());
  CHECK(state.front().first == "backbone.pos_embedding");
  CHECK(state.back().first == "classifier.weight");
  CHECK(state.back().second.sizes().vec() == std::vector<int64_t>{7, 16});
  CHECK(task.objective->encoder() == "backbone");
  REQUIRE(task.objective->required_views().size() == 1);
  CHECK(task.objective->required_views()[0].group == "image");
}

TEST_CASE("identification: the loss is finite, reaches every parameter and falls when followed") {
  Task task;
  const at::Tensor loss = task.objective->loss(task.batch, task.hand.step);
  CHECK(loss.dim() == 0);
  loss.backward();
  for (const auto& [name, parameter] : nn::parameters_of(*task.objective->module())) {
    CAPTURE(name);
    REQUIRE(parameter.grad().defined());
    CHECK(parameter.grad().isfinite().all().item<bool>());
  }
  const double before = loss.item<double>();
  {
    const at::NoGradGuard no_grad;
    for (at::Tensor& parameter : task.objective->module()->parameters()) parameter.sub_(parameter.grad() * 1e-4);
  }
  CHECK(task.loss() < before);
  CHECK(task.hand.reporter.values.contains("accuracy"));
}

TEST_CASE("identification: chance is the draws' alone, and the order of rows does not matter") {
  Task task;
  task.hand.step.draws = std::make_shared<test::HandDraws>(std::vector<int64_t>{0, 1, 2, 3});
  const double first = task.loss();
  CHECK(task.loss() == first);
  const at::Tensor order = torch::tensor({2, 0, 3, 1});
  task.batch.groups["image"] = task.batch.groups["image"].index_select(1, order);
  task.batch.identities = task.batch.identities.index_select(0, order);
  task.hand.step.draws = std::make_shared<test::HandDraws>(std::vector<int64_t>{2, 0, 3, 1});
  CHECK(task.loss() == doctest::Approx(first).epsilon(1e-5));
}

TEST_CASE("identification: mixup changes the loss only with draws, smoothing always") {
  Task plain, mixed("mixup = 1.0\nmixup_prob = 1.0"), cut("cutmix = 1.0\nmixup_prob = 1.0"), smooth("smoothing = 0.1");
  const double before = plain.loss();
  CHECK(mixed.loss() == before);
  CHECK(smooth.loss() != before);
  const at::Tensor pixels = cut.batch.groups["image"].clone();
  for (Task* task : {&plain, &mixed, &cut}) task->hand.step.draws = std::make_shared<test::HandDraws>(std::vector<int64_t>{0, 1, 2, 3}, 5);
  const double with_draws = plain.loss();
  CHECK(mixed.loss() != with_draws);
  CHECK(cut.loss() != with_draws);
  CHECK(at::equal(pixels, cut.batch.groups["image"]));
}

TEST_CASE("identification: cutmix_minmax needs two numbers") { CHECK_THROWS_AS(Task("cutmix_minmax = [0.2]"), Error); }

TEST_CASE("mixing: the share of mixed batches is the probability, lambda is Beta distributed") {
  identification::MixingOptions options;
  options.mixup = 0.2;
  options.probability = 0.25;
  int mixed = 0, middle = 0;
  double distance = 0;
  const int runs = 20000;
  for (int i = 0; i < runs; ++i) {
    const identification::Mixing m = identification::draw_mixing(options, 112, 112, Rng(static_cast<uint64_t>(i)));
    CHECK_FALSE(m.box);
    if (m.lambda == 1) continue;
    ++mixed;
    middle += m.lambda > 0.1 && m.lambda < 0.9;
    distance += std::min(m.lambda, 1 - m.lambda);
  }
  CHECK(std::abs(mixed - 0.25 * runs) < 300);
  CHECK(std::abs(static_cast<double>(middle) / mixed - 0.33) < 0.03);  // finetuning.md 4
  CHECK(std::abs(distance / mixed - 0.10) < 0.01);
}

TEST_CASE("mixing: lambda of cutmix is the share of pixels left, boxes stay inside") {
  identification::MixingOptions options;
  options.cutmix = 1;
  options.probability = 1;
  for (const bool minmax : {false, true}) {
    if (minmax) options.cutmix_minmax = {0.2, 0.8};
    for (uint64_t i = 0; i < 500; ++i) {
      const identification::Mixing m = identification::draw_mixing(options, 112, 96, Rng(i));
      if (!m.box) continue;
      CHECK(0 <= m.top);
      CHECK(m.top <= m.bottom);
      CHECK(m.bottom <= 112);
      CHECK(0 <= m.left);
      CHECK(m.left <= m.right);
      CHECK(m.right <= 96);
      CHECK(m.lambda == doctest::Approx(1 - static_cast<double>((m.bottom - m.top) * (m.right - m.left)) / (112.0 * 96)));
    }
  }
}
