#pragma once
#include <ATen/core/Tensor.h>

namespace lafs::nn {

/// Cross-entropy with at most K weighted classes a row: logits [B,C], classes [B,K] int64 (all valid), weights [B,K] -> [B].
/// Value: lse - sum_k w_k z_k; with `floor` > 0 the value (not the gradient) of each class is at most -log(floor), and what the weights
/// lack to 1 counts as -log(floor) (insightface's distributed cross-entropy). Gradient: p - y.
at::Tensor sparse_cross_entropy(const at::Tensor& logits, const at::Tensor& classes, const at::Tensor& weights, double floor);

}  // namespace lafs::nn
