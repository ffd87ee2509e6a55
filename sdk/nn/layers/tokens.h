#pragma once
#include <cstdint>

#include <ATen/core/Tensor.h>

namespace lafs::nn {

/// Cuts images [B,C,H,W] into patches, row by row: [B, H/p * W/p, p*p*C], where the channel runs fastest, then the column inside the
/// patch, then its row (models.md 2.3). Throws Error when H or W is not a multiple of `patch`.
at::Tensor cut_tokens(const at::Tensor& images, int64_t patch);

}  // namespace lafs::nn
