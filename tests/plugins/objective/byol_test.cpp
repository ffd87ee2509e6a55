#include <doctest/doctest.h>
#include <torch/types.h>

#include "support/error_of.h"
#include "support/two_view_task.h"

using namespace lafs;
using test::TwoViewTask;

namespace {

constexpr const char* small_predictor = "predictor = { use = \"mlp\", hidden = 10, outputs = 6 }\n";

/// A predictor that predicts what it is given.
TwoViewTask byol_task() {
  TwoViewTask task("byol", "predictor = { use = \"mlp\", layers = 1, outputs = 6 }");
  const at::NoGradGuard no_grad;
  task.of("student.predictor.0.weight").copy_(at::eye(6));
  return task;
}

/// Equation 2 with the mean over pictures, for predictions of one view and projections of the other.
double naive_byol(const at::Tensor& predictions, const at::Tensor& projections) {
  double sum = 0;
  for (int64_t b = 0; b < predictions.size(0); ++b) sum += 2 - 2 * test::cosine_of(predictions[b], projections[b]);
  return sum / static_cast<double>(predictions.size(0));
}

}  // namespace

TEST_CASE("byol: the loss is equation 2 in both directions") {
  const at::Tensor z = test::drawn_projections();
  TwoViewTask task = byol_task();
  CHECK(task.value(z) == doctest::Approx(naive_byol(z[0], z[1]) + naive_byol(z[1], z[0])).epsilon(1e-9));
  CHECK(task.value(at::stack({z[0], z[0]})) == doctest::Approx(0).epsilon(1e-12));
  CHECK(task.value(at::stack({z[0], -z[0]})) == doctest::Approx(8).epsilon(1e-12));
  {
    const at::NoGradGuard no_grad;
    const at::Tensor turn = test::drawn_projections(6, 6, 9)[0];
    task.of("student.predictor.0.weight").copy_(turn);
    const at::Tensor p = z.matmul(turn.t());
    CHECK(task.value(z) == doctest::Approx(naive_byol(p[0], z[1]) + naive_byol(p[1], z[0])).epsilon(1e-9));
  }
}

TEST_CASE("byol: the order of pictures, the order of views and lengths do not matter") {
  const at::Tensor z = test::drawn_projections();
  TwoViewTask task = byol_task();
  const double loss = task.value(z);
  CHECK(task.value(z.flip(1).contiguous()) == doctest::Approx(loss).epsilon(1e-12));
  CHECK(task.value(z.flip(0).contiguous()) == doctest::Approx(loss).epsilon(1e-12));
  CHECK(task.value(z * at::arange(1, 9, at::kDouble).view({8, 1})) == doctest::Approx(loss).epsilon(1e-12));
}

TEST_CASE("byol: the gradient is that of the student's side alone") {
  const at::Tensor z = test::drawn_projections();
  TwoViewTask task = byol_task();
  const at::Tensor given = z.clone().requires_grad_();
  const at::Tensor constant = z / z.norm(2, {2}, true), guess = given / given.norm(2, {2}, true);
  ((guess[0] - constant[1]).square().sum(1).mean() + (guess[1] - constant[0]).square().sum(1).mean()).backward();
  CHECK(at::allclose(task.gradient(z), given.grad(), 1e-9, 1e-12));
  for (const auto& [name, parameter] : nn::parameters_of(*nn::submodule(*task.objective->module(), "teacher"))) {
    CAPTURE(name);
    CHECK_FALSE(parameter.grad().defined());
  }
}

TEST_CASE("byol: two ranks with half the pictures are one with all, with and without norms") {
  const at::Tensor z = test::drawn_projections();
  for (const char* projector : {"", "hidden = 10\noutputs = 6"}) {
    const auto whole = test::ranked_step(1, "byol", small_predictor, z, projector);
    CHECK(test::same_step(whole, test::ranked_step(2, "byol", small_predictor, z, projector)));
  }
}

TEST_CASE("byol: a predictor of another width than the projector is refused") {
  CHECK(
      test::error_of([] { TwoViewTask("byol", "predictor = { use = \"mlp\", outputs = 5 }"); }) ==
      "inline.toml:1:1: error: objective \"byol\": the predictor has 5 outputs, the projector 6; they are compared, so both need as many");
}
