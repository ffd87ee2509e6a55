#pragma once
#include <cstdint>
#include <vector>

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <c10/core/DeviceGuard.h>

#include "lafs/error.h"
#include "nn/layers/function.h"
#include "nn/loss/dino_loss.h"

namespace lafs::nn {

/// The contiguous tensors of a call of the fused loss, and what the backward pass needs of the forward one.
struct DinoRows {
  at::Tensor student, teacher, center;    ///< [V*B,K] and [T*B,K] of one type, [1,K] fp32
  at::Tensor student_sums, teacher_sums;  ///< [B,V,2] and [B,T,2] fp32, filled by the forward pass
  std::vector<double> temperatures;       ///< of student and teacher

  int64_t batch() const { return student_sums.size(0); }
  int64_t views() const { return student_sums.size(1); }
  int64_t teacher_views() const { return teacher_sums.size(1); }
  /// What makes the mean over pictures and pairs of views of a sum.
  double scale() const { return 1.0 / static_cast<double>(teacher_views() * (views() - 1) * batch()); }
};

/// The fused loss as autograd sees it. `Backend` is a struct with
///   static at::Tensor loss(const DinoRows& rows);  // scalar fp32; fills the sums
///   static at::Tensor gradient(const DinoRows& rows, const at::Tensor& incoming);  // as `rows.student`; incoming: scalar
template <typename Backend>
struct DinoLossRule {
  static constexpr bool keeps_half = true;

  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& student, const at::Tensor& teacher,
                            const at::Tensor& center, const std::vector<int64_t>& views, const std::vector<double>& temperatures) {
    const c10::DeviceGuard guard(student.device());
    const auto wide = student.options().dtype(at::kFloat);
    const int64_t batch = student.size(0) / views[0];
    const DinoRows rows{student.contiguous(),
                        teacher.contiguous(),
                        center.to(at::kFloat).contiguous(),
                        at::empty({batch, views[0], 2}, wide),
                        at::empty({batch, views[1], 2}, wide),
                        temperatures};
    const at::Tensor loss = Backend::loss(rows);
    context->save_for_backward({rows.student, rows.teacher, rows.center, rows.student_sums, rows.teacher_sums});
    context->saved_data["temperatures"] = temperatures;
    return loss;
  }

  static std::vector<at::Tensor> backward(torch::autograd::AutogradContext* context, const at::Tensor& gradient) {
    if (at::GradMode::is_enabled()) throw Error("the self-distillation loss has no second derivative");
    const auto saved = context->get_saved_variables();
    const DinoRows rows{saved[0], saved[1], saved[2], saved[3], saved[4], context->saved_data["temperatures"].toDoubleVector()};
    const c10::DeviceGuard guard(rows.student.device());
    return {Backend::gradient(rows, gradient), {}, {}, {}, {}};
  }
};

/// `dino_loss` by a backend that takes these logits; shapes are checked, `views` is V.
template <typename Backend>
at::Tensor fused_dino_loss(const at::Tensor& student_logits, const at::Tensor& teacher_logits, const at::Tensor& center, int64_t views,
                           const DinoLossOptions& options) {
  // Mixed types go in fp32, which holds both.
  const bool same = student_logits.scalar_type() == teacher_logits.scalar_type();
  const at::Tensor student = same ? student_logits : widened(student_logits);
  const at::Tensor teacher = same ? teacher_logits.detach() : widened(teacher_logits.detach());
  return Function<DinoLossRule<Backend>>::apply(student, teacher, center.detach(), std::vector<int64_t>{views, options.teacher_views},
                                                std::vector<double>{options.student_temperature, options.teacher_temperature});
}

}  // namespace lafs::nn
