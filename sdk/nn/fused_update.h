#pragma once
#include <ATen/core/Tensor.h>

namespace lafs {

/// average <- momentum average + (1 - momentum) value, tensor by tensor, in fp32 and one pass over memory (pretraining.md 5, step 9). Lists
/// of contiguous fp32 tensors on the CPU go through one threaded loop over all; others through a pair of multi-tensor operations. Throws
/// Error when the lists differ in length or a pair in size. [main thread, without autograd]
void moving_average(at::TensorList averages, at::TensorList values, double momentum);

}  // namespace lafs
