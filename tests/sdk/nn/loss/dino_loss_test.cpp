#include "nn/loss/dino_loss.h"

#include <cmath>
#include <string>

#include <ATen/Parallel.h>
#include <doctest/doctest.h>
#include <torch/types.h>

#include "support/dino_outcome.h"
#include "support/vector_units.h"

using namespace lafs;
using namespace lafs::nn;

namespace {

double largest_of(const at::Tensor& x) { return x.abs().max().item<double>(); }

}  // namespace

TEST_CASE("fused dino loss: value and gradient are the plain ones, for ragged widths and any views, on every vector unit") {
  torch::manual_seed(11);
  test::on_every_unit([] {
    for (const test::LossCase& c :
         {test::LossCase{3, 10, 2, 5003}, test::LossCase{2, 4, 3, 4096}, test::LossCase{1, 2, 1, 7}, test::LossCase{5, 2, 2, 2049}}) {
      CAPTURE(c.width);
      const at::Tensor student = 2 * torch::randn({c.views * c.batch, c.width}),
                       teacher = torch::randn({c.teacher_views * c.batch, c.width});
      const at::Tensor center = 0.3 * torch::randn({1, c.width});
      const test::LossOutcome plain =
          test::loss_outcome(dino_loss_plain, student.to(at::kDouble), teacher.to(at::kDouble), center, c.teacher_views);
      const test::LossOutcome fused = test::loss_outcome(dino_loss, student, teacher, center, c.teacher_views);
      // Logits reach 60, which fp32 holds to 4e-6; where student and teacher agree, the loss and the gradient are what is left of them.
      const double pair = 3 / (0.1 * static_cast<double>(c.teacher_views * (c.views - 1) * c.batch));
      CHECK(std::abs(fused.loss - plain.loss) < 2e-6 * std::abs(plain.loss) + 4e-6);
      CHECK(largest_of(fused.gradient - plain.gradient) < 1e-5 * largest_of(plain.gradient) + 4e-6 * pair);
      const at::Tensor half_student = student.to(at::kBFloat16), half_teacher = teacher.to(at::kBFloat16);
      const test::LossOutcome half = test::loss_outcome(dino_loss, half_student, half_teacher, center, c.teacher_views);
      const test::LossOutcome rounded =
          test::loss_outcome(dino_loss_plain, half_student.to(at::kDouble), half_teacher.to(at::kDouble), center, c.teacher_views);
      CHECK((half.gradient.scalar_type() == at::kBFloat16));
      CHECK(std::abs(half.loss - rounded.loss) < 2e-6 * std::abs(rounded.loss) + 4e-6);
      CHECK(largest_of(half.gradient - rounded.gradient) <= 0.0079 * largest_of(rounded.gradient) + 4e-6 * pair);
    }
  });
}

TEST_CASE("fused dino loss: large logits do not overflow, and what is not finite shows") {
  torch::manual_seed(12);
  const at::Tensor student = 100 * torch::randn({4, 3000}), teacher = 100 * torch::randn({4, 3000}), center = torch::zeros({1, 3000});
  const double plain = dino_loss_plain(student, teacher, center, {}).item<double>();
  CHECK(std::abs(dino_loss(student, teacher, center, {}).item<double>() - plain) < 2e-6 * plain);
  for (const float bad : {NAN, INFINITY, -INFINITY}) {
    at::Tensor broken = student.clone();
    broken[3][2500] = bad;
    CHECK_FALSE(std::isfinite(dino_loss(broken, teacher, center, {}).item<double>()));
    broken = teacher.clone();
    broken[1][17] = bad;
    if (bad > 0 || std::isnan(bad)) CHECK_FALSE(std::isfinite(dino_loss(student, broken, center, {}).item<double>()));
  }
}

TEST_CASE("fused dino loss: the number of threads does not enter") {
  const at::Tensor student = torch::randn({20, 2000}), teacher = torch::randn({4, 2000}), center = torch::zeros({1, 2000});
  const int threads = at::get_num_threads();
  at::set_num_threads(1);
  const test::LossOutcome one = test::loss_outcome(dino_loss, student, teacher, center, 2);
  at::set_num_threads(2);
  const test::LossOutcome two = test::loss_outcome(dino_loss, student, teacher, center, 2);
  at::set_num_threads(threads);
  CHECK(one.loss == two.loss);
  CHECK(at::equal(one.gradient, two.gradient));
}
