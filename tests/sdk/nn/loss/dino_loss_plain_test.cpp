#include <cmath>

#include <doctest/doctest.h>
#include <torch/types.h>

#include "lafs/error.h"
#include "nn/loss/dino_loss.h"
#include "support/rule_numbers.h"

using namespace lafs;
using namespace lafs::nn;

namespace {

DinoLossOptions at_temperature(double teacher) {
  DinoLossOptions options;
  options.teacher_temperature = teacher;
  return options;
}

}  // namespace

TEST_CASE("dino_loss_plain: the numbers of pretraining.md B.2") {
  const at::Tensor student = test::rule_tensor("so", {12, 16}).to(at::kFloat), teacher = test::rule_tensor("to", {6, 16}).to(at::kFloat);
  const at::Tensor center = 0.1 * test::rule_tensor("c", {1, 16}).to(at::kFloat);
  CHECK(std::abs(dino_loss_plain(student, teacher, center, at_temperature(0.07)).item<double>() - 9.626723) < 5e-6);
  const at::Tensor moved = 0.9 * center + 0.1 * teacher.mean(0, true);
  CHECK(std::abs(moved[0][0].item<double>() - 0.095923) < 1e-6);
  CHECK(std::abs(dino_loss_plain(student, teacher, moved, at_temperature(0.04)).item<double>() - 9.678805) < 5e-6);
}

TEST_CASE("dino_loss_plain: a view is never its own teacher") {
  const at::Tensor student = torch::zeros({6, 4}), teacher = torch::zeros({4, 4});  // 3 views, 2 rows each
  const double even = dino_loss_plain(student, teacher, torch::zeros({1, 4}), at_temperature(0.04)).item<double>();
  CHECK(std::abs(even - std::log(4.0)) < 1e-6);
  // Teacher view 0 is sure of prototype 0, view 1 of prototype 1. Students that repeat their own teacher's are always wrong.
  at::Tensor sure = torch::zeros({4, 4});
  sure.slice(0, 0, 2).select(1, 0).fill_(1);
  sure.slice(0, 2, 4).select(1, 1).fill_(1);
  const double crossed =
      dino_loss_plain(at::cat({sure.slice(0, 2, 4), sure.slice(0, 0, 2)}), sure, torch::zeros({1, 4}), at_temperature(0.01)).item<double>();
  const double own = dino_loss_plain(sure, sure, torch::zeros({1, 4}), at_temperature(0.01)).item<double>();
  CHECK(crossed < 1e-3);
  CHECK(own > 9);
}

TEST_CASE("dino_loss_plain: nothing reaches teacher or centre") {
  const at::Tensor student = torch::zeros({4, 3}).requires_grad_(true), teacher = torch::rand({4, 3}).requires_grad_(true);
  const at::Tensor center = torch::zeros({1, 3}).requires_grad_(true);
  dino_loss_plain(student, teacher, center, {}).backward();
  CHECK(student.grad().defined());
  CHECK(!teacher.grad().defined());
  CHECK(!center.grad().defined());
}

TEST_CASE("check_dino_loss: each mistake by its name") {
  const auto zeros = [](int64_t rows, int64_t width) { return torch::zeros({rows, width}); };
  DinoLossOptions cold, frozen, one;
  cold.student_temperature = 0;
  frozen.teacher_temperature = 0;
  one.teacher_views = 1;
  CHECK_THROWS_WITH_AS(check_dino_loss(zeros(6, 4), zeros(4, 4), zeros(1, 4), cold), "\"student_temperature\" is 0; it must be above 0",
                       Error);
  CHECK_THROWS_WITH_AS(check_dino_loss(zeros(6, 4), zeros(4, 4), zeros(1, 4), frozen), "\"teacher_temperature\" is 0; it must be above 0",
                       Error);
  CHECK_THROWS_WITH_AS(check_dino_loss(zeros(6, 4), zeros(4, 5), zeros(1, 4), {}),
                       "\"teacher_logits\" has 5 columns, not 4 as \"student_logits\"", Error);
  CHECK_THROWS_WITH_AS(check_dino_loss(zeros(6, 4), zeros(4, 4), zeros(2, 4), {}), "\"center\" has shape [2, 4], not [1, 4]", Error);
  CHECK_THROWS_WITH_AS(check_dino_loss(zeros(6, 4), zeros(3, 4), zeros(1, 4), {}),
                       "\"teacher_logits\" has 3 rows, which 2 views cannot share", Error);
  CHECK_THROWS_WITH_AS(check_dino_loss(zeros(5, 4), zeros(4, 4), zeros(1, 4), {}),
                       "\"student_logits\" has 5 rows, which is not whole views of 2 rows from 2 on", Error);
  CHECK_THROWS_WITH_AS(check_dino_loss(zeros(4, 4), zeros(4, 4), zeros(1, 4), one),
                       "one view cannot be its own teacher: the student needs at least 2", Error);
  CHECK(check_dino_loss(zeros(6, 4), zeros(4, 4), zeros(1, 4), {}) == 3);
}
