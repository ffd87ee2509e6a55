#pragma once
#include <ATen/core/Tensor.h>

#include "cuda/kernels.h"

namespace lafs::nn {

/// The kernels for a tensor: null unless it is on a GPU whose current stream is the default one, and the program has loaded
/// liblafs_cuda.so in this sdk's version. [main thread, autograd's threads]
const CudaKernels* cuda_kernels(const at::Tensor& x);

/// Throws Error where a kernel says that something went wrong.
void check_cuda(const char* kernel, const char* error);

}  // namespace lafs::nn
