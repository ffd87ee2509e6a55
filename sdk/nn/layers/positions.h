#pragma once
#include <cstdint>

#include <ATen/core/Tensor.h>

namespace lafs::nn {

/// [to,from] fp32: what each of `from` samples in a row gives to each of `to`, by cubic convolution (A = -0.75, indices clamped at the
/// border). The factor (to + offset) / from itself places the new samples, not the ratio of the sizes (models.md 9).
at::Tensor resampling_matrix(int64_t from, int64_t to, double offset);

/// Learned positions [1,1+n*n,D] for h x w patches -> [1,1+h*w,D]: the class token's row as it is, the others, a square, resampled by
/// `rows` [h,n] and `columns` [w,n]. In fp32, recorded by autograd.
at::Tensor resampled_positions(const at::Tensor& positions, const at::Tensor& rows, const at::Tensor& columns);

}  // namespace lafs::nn
