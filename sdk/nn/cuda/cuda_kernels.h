#pragma once
#include <ATen/core/Tensor.h>

#include "cuda/kernels.h"
#include "nn/loss/dino_loss.h"

namespace lafs::nn {

/// The kernels for a tensor: null unless it is on a GPU whose current stream is the default one, and the program has loaded
/// liblafs_cuda.so in this sdk's version. [main thread, autograd's threads]
const CudaKernels* cuda_kernels(const at::Tensor& x);

/// Throws Error where a kernel says that something went wrong.
void check_cuda(const char* kernel, const char* error);

/// `dino_loss` by the GPU's kernels; undefined where these do not take such logits. Views and shapes are checked. [main thread]
at::Tensor dino_loss_on_gpu(const at::Tensor& student_logits, const at::Tensor& teacher_logits, const at::Tensor& center, int64_t views,
                            const DinoLossOptions& options);

}  // namespace lafs::nn
