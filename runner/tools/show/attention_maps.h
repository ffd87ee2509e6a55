#pragma once
#include <cstdint>
#include <vector>

#include <ATen/core/Tensor.h>

namespace lafs {

/// What each token says of the input after all blocks: the product of their matrices, each the mean over heads plus the identity, rows
/// brought to sum 1 (attention roll-out). blocks: [heads,T,T] each -> [T,T] float64, rows sum to 1. Throws Error without a block.
at::Tensor roll_out(const std::vector<at::Tensor>& blocks);

/// How the class token, token 0, looks at the others: [...,T,T] -> [...,T-1], not scaled.
at::Tensor class_rows(const at::Tensor& attention);

/// The entries of [...,N] that hold most of the mass: brought to sum 1 and in ascending order, those whose running sum exceeds 1 - share
/// (pretraining.md 14.3). share in [0, 1]; bool.
at::Tensor mass_mask(const at::Tensor& maps, double share);

/// Rows and columns of N patches of one square size in a height x width picture; {0, 0} where they do not fill it.
struct PatchRaster {
  int64_t rows = 0, columns = 0;
};
PatchRaster raster_of(int64_t patches, int64_t height, int64_t width);

}  // namespace lafs
