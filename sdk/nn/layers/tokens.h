#pragma once
#include <cstdint>

#include <ATen/core/Tensor.h>

namespace lafs::nn {

/// Cuts images [B,C,H,W] into patches, row by row: [B, H/p * W/p, p*p*C], where the channel runs fastest, then the column inside the
/// patch, then its row (models.md 2.3). Throws Error when H or W is not a multiple of `patch`.
at::Tensor cut_tokens(const at::Tensor& images, int64_t patch);

/// Some tokens of each picture, in the order of `kept`: [B,N,P] and [B,M] int64 -> [B,M,P]. Throws Error naming `kept` when it is not of B
/// rows or asks for no token.
at::Tensor kept_tokens(const at::Tensor& tokens, const at::Tensor& kept);

}  // namespace lafs::nn
