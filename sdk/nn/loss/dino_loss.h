#pragma once
#include <cstdint>

#include <ATen/core/Tensor.h>

namespace lafs::nn {

/// Settings of the loss between a student's views and a teacher's.
struct DinoLossOptions {
  double student_temperature = 0.1;
  double teacher_temperature = 0.04;
  int64_t teacher_views = 2;  ///< T; the student's first T views are the teacher's
};

/// Cross-entropy of the student's views under the teacher's centred and sharpened distributions (pretraining.md 6):
/// 1/(T(V-1)) sum over teacher views i and student views v != i of mean_b [-sum_k p_i[b,k] log q_v[b,k]].
/// student_logits [V*B,K] and teacher_logits [T*B,K], rows view-major; center [1,K]. Scalar, computed in fp32 (double stays double)
/// whatever autocast says. The gradient reaches the student's logits only.
/// Throws Error for rows that are no multiple of the views, for shapes that disagree, for a single pair of the same view, and for a
/// temperature that is not above 0. [main thread]
at::Tensor dino_loss(const at::Tensor& student_logits, const at::Tensor& teacher_logits, const at::Tensor& center,
                     const DinoLossOptions& options);

/// The same by the definition, a pair of views at a time, recorded by autograd: the measure that `dino_loss` is tested against.
at::Tensor dino_loss_plain(const at::Tensor& student_logits, const at::Tensor& teacher_logits, const at::Tensor& center,
                           const DinoLossOptions& options);

/// The checks of both: throws as `dino_loss` says; returns V, the student's views.
int64_t check_dino_loss(const at::Tensor& student_logits, const at::Tensor& teacher_logits, const at::Tensor& center,
                        const DinoLossOptions& options);

}  // namespace lafs::nn
