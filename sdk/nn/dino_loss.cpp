#include "nn/dino_loss.h"

namespace lafs {

at::Tensor dino_loss(const at::Tensor& student_logits, const at::Tensor& teacher_logits, const at::Tensor& center,
                     const DinoLossOptions& options) {
  return dino_loss_plain(student_logits, teacher_logits, center, options);
}

}  // namespace lafs
