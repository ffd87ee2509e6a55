#pragma once
#include <ATen/core/Tensor.h>

namespace lafs::nn {

/// What a batch of projections says about a collapse. All numbers are scalars without gradient, taken over rows of length 1.
struct CollapseSigns {
  /// sqrt(K) times the mean over the K numbers of their deviation over the rows: 0 when all rows are one, 1 when they point everywhere.
  at::Tensor spread;
  /// (sum of e)^2 / (sum of e^2) of the eigenvalues e of their covariance: in how many directions the rows differ, at most K and one less
  /// than the rows. 1 when they lie on a line.
  at::Tensor dimensions;
  at::Tensor similarity;  ///< mean cosine between the two views of a picture
  at::Tensor found;       ///< share of first views whose most similar second view is that of the same picture; 1/B by chance
};

/// `first` and `second` [B,K]: the two views of B >= 2 pictures. At most 64 of them are looked at: enough to see a collapse, too few to
/// cost anything.
CollapseSigns collapse_signs(const at::Tensor& first, const at::Tensor& second);

}  // namespace lafs::nn
