#pragma once
#include <vector>

#include <ATen/core/Tensor.h>

namespace lafs::nn {

/// What a step does to all parameters, in as few passes over memory as it takes: lists of contiguous fp32 tensors on the CPU go through one
/// threaded loop over pieces of all of them, others through torch's multi-tensor operations. The number of threads does not enter a result.
/// Each throws Error when its lists differ in length or shapes. [main thread, without autograd]

/// average <- momentum average + (1 - momentum) value, tensor by tensor (pretraining.md 5, step 9).
void moving_average(at::TensorList averages, at::TensorList values, double momentum);

/// The Euclidean length of each tensor.
std::vector<double> lengths_of(at::TensorList tensors);

/// Each tensor times its factor; what has the factor 1 is not touched.
void scale_each(at::TensorList tensors, const std::vector<double>& factors);

/// Numbers of AdamW that all parameters of a group share.
struct AdamWNumbers {
  double lr = 0, weight_decay = 0, beta1 = 0.9, beta2 = 0.999, eps = 1e-8;
};

/// One step of AdamW (pretraining.md 7.1) on parameters and both moments, after adding 1 to their `steps` (fp32 scalars, on the CPU where
/// the parameter is). Lists of equal length, in the same order.
void adamw_step(at::TensorList parameters, at::TensorList gradients, at::TensorList first_moments, at::TensorList second_moments,
                at::TensorList steps, const AdamWNumbers& numbers);

/// Numbers of gradient descent that all parameters of a group share.
struct MomentumNumbers {
  double lr = 0, weight_decay = 0, momentum = 0, dampening = 0;
  bool nesterov = false;
};

/// One step of g <- g + wd p; direction <- momentum direction + (1 - dampening) g; p <- p - lr direction (pretraining.md 7.1). `directions`
/// is empty where there is no momentum.
void momentum_step(at::TensorList parameters, at::TensorList gradients, at::TensorList directions, const MomentumNumbers& numbers);

/// The same and AdamW's step on some rows of one contiguous parameter [C, ...]: `rows` [k] int64 on the CPU, each once, and the gradient of
/// these [k, ...]; rows that are not named stay as they are. `direction` may be undefined. `steps` is a scalar, or [C] where rows count for
/// themselves.
void momentum_rows(const at::Tensor& parameter, const at::Tensor& rows, const at::Tensor& gradient, const at::Tensor& direction,
                   const MomentumNumbers& numbers);
void adamw_rows(const at::Tensor& parameter, const at::Tensor& rows, const at::Tensor& gradient, const at::Tensor& first_moment,
                const at::Tensor& second_moment, const at::Tensor& steps, const AdamWNumbers& numbers);

}  // namespace lafs::nn
