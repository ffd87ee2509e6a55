#pragma once
#include <cstdint>

#include <ATen/core/Tensor.h>

#include "nn/loss/dino_loss.h"

namespace lafs::nn {

/// `dino_loss` by the GPU's kernels; undefined where these do not take such logits. Views and shapes are checked. [main thread]
at::Tensor dino_loss_on_gpu(const at::Tensor& student_logits, const at::Tensor& teacher_logits, const at::Tensor& center, int64_t views,
                            const DinoLossOptions& options);

}  // namespace lafs::nn
