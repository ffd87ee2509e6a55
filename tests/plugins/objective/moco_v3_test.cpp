#include <cmath>

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <torch/types.h>

#include "support/two_view_task.h"

using namespace lafs;
using test::TwoViewTask;

namespace {

/// A predictor that predicts what it is given.
TwoViewTask moco_task(const std::string& options) {
  TwoViewTask task("moco_v3", options + "\npredictor = { use = \"mlp\", layers = 1, outputs = 6 }");
  const at::NoGradGuard no_grad;
  task.of("student.predictor.0.weight").copy_(at::eye(6));
  return task;
}

/// Equation 1 with the mean over pictures.
double naive_moco(const at::Tensor& queries, const at::Tensor& keys, double temperature) {
  double sum = 0;
  for (int64_t b = 0; b < queries.size(0); ++b) {
    double all = 0;
    for (int64_t other = 0; other < keys.size(0); ++other) all += std::exp(test::cosine_of(queries[b], keys[other]) / temperature);
    sum -= std::log(std::exp(test::cosine_of(queries[b], keys[b]) / temperature) / all);
  }
  return sum / static_cast<double>(queries.size(0));
}

}  // namespace

TEST_CASE("moco_v3: the loss is equation 1 in both directions, in algorithm 1 times 2 tau (SS-06)") {
  const at::Tensor z = test::drawn_projections();
  for (const double temperature : {0.2, 1.0}) {
    const std::string option = fmt::format("temperature = {}", temperature);
    const double wanted = naive_moco(z[0], z[1], temperature) + naive_moco(z[1], z[0], temperature);
    CHECK(moco_task(option + "\nscale_loss = false").value(z) == doctest::Approx(wanted).epsilon(1e-9));
    CHECK(moco_task(option).value(z) == doctest::Approx(2 * temperature * wanted).epsilon(1e-9));
  }
}

TEST_CASE("moco_v3: without knowledge the loss is ln B in each direction") {
  const at::Tensor z = at::ones({2, 8, 6}, at::kDouble);
  CHECK(moco_task("scale_loss = false").value(z) == doctest::Approx(2 * std::log(8.0)).epsilon(1e-12));
}

TEST_CASE("moco_v3: the order of pictures, the order of views and lengths do not matter") {
  const at::Tensor z = test::drawn_projections();
  TwoViewTask task = moco_task("");
  const double loss = task.value(z);
  CHECK(task.value(z.flip(1).contiguous()) == doctest::Approx(loss).epsilon(1e-12));
  CHECK(task.value(z.flip(0).contiguous()) == doctest::Approx(loss).epsilon(1e-12));
  CHECK(task.value(z * at::arange(1, 9, at::kDouble).view({8, 1})) == doctest::Approx(loss).epsilon(1e-12));
}

TEST_CASE("moco_v3: two ranks with half the pictures are one with all, with and without norms") {
  const at::Tensor z = test::drawn_projections();
  const std::string predictor = "predictor = { use = \"mlp\", hidden = 10, outputs = 6, last_norm = \"plain\" }";
  for (const char* projector : {"", "hidden = 10\noutputs = 6\nlayers = 3\nlast_norm = \"plain\""}) {
    const auto whole = test::ranked_step(1, "moco_v3", predictor, z, projector);
    CHECK(test::same_step(whole, test::ranked_step(2, "moco_v3", predictor, z, projector)));
  }
}

TEST_CASE("moco_v3: the momentum of the teacher starts at 0.99") {
  TwoViewTask task = moco_task("");
  const at::NoGradGuard no_grad;
  task.of("student.backbone.weight").fill_(3);
  test::HandStep hand;
  hand.step.time.total = 100;
  task.objective->after_update(hand.step);
  CHECK(at::allclose(task.of("teacher.backbone.weight"), at::full({6}, 0.99 + 0.01 * 3, at::kDouble), 1e-9));
}
