#include "nn/loss/dino_loss.h"

#include <cmath>

#include <doctest/doctest.h>
#include <torch/types.h>

#include "gpu/gpu.h"
#include "support/dino_outcome.h"

using namespace lafs;

namespace {

/// How far a gradient of a type may be from the exact one, of its largest number.
double rounding_of(at::ScalarType type) {
  if (type == at::kFloat) return 1e-5;
  return type == at::kHalf ? 1e-3 : 0.0079;
}

}  // namespace

TEST_CASE("gpu dino loss: value and gradient are those of the definition, for ragged widths, any views and every type") {
  if (!test::gpu_ready()) return;
  torch::manual_seed(31);
  for (const at::ScalarType type : {at::kFloat, at::kHalf, at::kBFloat16}) {
    for (const test::LossCase& c :
         {test::LossCase{3, 10, 2, 5003}, test::LossCase{2, 4, 3, 4096}, test::LossCase{1, 2, 1, 7}, test::LossCase{2, 9, 8, 1025}}) {
      CAPTURE(c.width);
      const at::Tensor student = (2 * torch::randn({c.views * c.batch, c.width})).to(type),
                       teacher = torch::randn({c.teacher_views * c.batch, c.width}).to(type), center = 0.3 * torch::randn({1, c.width});
      const test::LossOutcome exact =
          test::loss_outcome(nn::dino_loss_plain, student.to(at::kDouble), teacher.to(at::kDouble), center, c.teacher_views);
      const test::LossOutcome ours =
          test::loss_outcome(nn::dino_loss, student.to(at::kCUDA), teacher.to(at::kCUDA), center.to(at::kCUDA), c.teacher_views);
      const double pair = 3 / (0.1 * static_cast<double>(c.teacher_views * (c.views - 1) * c.batch));
      CHECK(std::abs(ours.loss - exact.loss) < 2e-6 * std::abs(exact.loss) + 4e-6);
      CHECK((ours.gradient.scalar_type() == type));
      CHECK(test::difference(ours.gradient, exact.gradient) < rounding_of(type) * test::largest_of(exact.gradient) + 4e-6 * pair);
    }
  }
}

TEST_CASE("gpu dino loss: is the processor's at full width, and repeats itself to the bit") {
  if (!test::gpu_ready()) return;
  torch::manual_seed(32);
  const at::Tensor student = torch::randn({20, 65536}), teacher = torch::randn({4, 65536}), center = torch::zeros({1, 65536});
  const test::LossOutcome here = test::loss_outcome(nn::dino_loss, student, teacher, center, 2);
  const test::LossOutcome one = test::loss_outcome(nn::dino_loss, student.to(at::kCUDA), teacher.to(at::kCUDA), center.to(at::kCUDA), 2);
  const test::LossOutcome two = test::loss_outcome(nn::dino_loss, student.to(at::kCUDA), teacher.to(at::kCUDA), center.to(at::kCUDA), 2);
  CHECK(std::abs(one.loss - here.loss) < 2e-6 * std::abs(here.loss) + 4e-6);
  CHECK(test::difference(one.gradient, here.gradient) < 1e-5 * test::largest_of(here.gradient));
  CHECK(one.loss == two.loss);
  CHECK(at::equal(one.gradient, two.gradient));
}

TEST_CASE("gpu dino loss: large logits do not overflow, and what is not finite shows") {
  if (!test::gpu_ready()) return;
  torch::manual_seed(33);
  const at::Tensor student = 100 * torch::randn({4, 3000}), teacher = 100 * torch::randn({4, 3000}),
                   center = torch::zeros({1, 3000}).to(at::kCUDA);
  const auto loss = [&](const at::Tensor& s, const at::Tensor& t) {
    return nn::dino_loss(s.to(at::kCUDA), t.to(at::kCUDA), center, {}).item<double>();
  };
  const double plain = nn::dino_loss_plain(student, teacher, center.cpu(), {}).item<double>();
  CHECK(std::abs(loss(student, teacher) - plain) < 2e-6 * plain);
  for (const float bad : {NAN, INFINITY, -INFINITY}) {
    at::Tensor broken = student.clone();
    broken[3][2500] = bad;
    CHECK_FALSE(std::isfinite(loss(broken, teacher)));
    broken = teacher.clone();
    broken[1][17] = bad;
    if (!(bad < 0)) CHECK_FALSE(std::isfinite(loss(student, broken)));
  }
}
