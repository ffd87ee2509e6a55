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

/// Fixed positions of a grid of patches [1,1+rows*columns,width] fp32, patches row by row: half of the width from the column, half from the
/// row, each a sine and a cosine half of place / 10000^(2i/(width/2)), i below width/4. The first row, the class token's, is 0 (He et al.
/// 2022). Throws Error unless width is a multiple of 4.
at::Tensor sine_positions(int64_t rows, int64_t columns, int64_t width);

}  // namespace lafs::nn
