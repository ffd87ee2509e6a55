#pragma once
#include <cstdint>

#include <torch/types.h>

#include "nn/loss/dino_loss.h"

namespace lafs::test {

struct LossCase {
  int64_t batch, views, teacher_views, width;
};

struct LossOutcome {
  double loss;
  at::Tensor gradient;  ///< of 3 times the loss, for the student's logits
};

/// What an implementation of the self-distillation loss makes of these logits.
template <typename Loss>
LossOutcome loss_outcome(const Loss& loss, const at::Tensor& student, const at::Tensor& teacher, const at::Tensor& center,
                         int64_t teacher_views) {
  const at::Tensor logits = student.detach().clone().requires_grad_();
  nn::DinoLossOptions options;
  options.teacher_views = teacher_views;
  const at::Tensor value = loss(logits, teacher, center, options);
  (3 * value).backward();
  return {value.template item<double>(), logits.grad()};
}

}  // namespace lafs::test
