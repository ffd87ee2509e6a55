#pragma once
#include <cstdint>

#include <ATen/core/Tensor.h>

namespace lafs::nn {

/// How patches are read at landmarks (models.md 5).
struct PatchGather {
  int64_t patch = 8;       ///< side p, pixels
  bool transposed = true;  ///< inside a token the horizontal direction runs slowest (quirk M3); otherwise the vertical, as in cut_tokens
  bool centred = false;    ///< sample o = 0..p-1 lies at L + o - (p-1)/2, pixel centres being integers, not at L + o - (p+1)/2 (quirk M4)
};

/// The patch around each landmark as a token. images [B,C,S,S], landmarks [B,N,2] (x, y) in pixels -> [B,N,p*p*C], channel fastest
/// (models.md 5.3). Bilinear; what lies outside the image is 0, so landmarks may lie anywhere. Both inputs get gradients where they ask
/// for them. Half images give tokens of their type; landmarks are read in fp32 at least.
/// Throws Error naming the argument for a wrong shape. [main thread]
at::Tensor gather_patches(const at::Tensor& images, const at::Tensor& landmarks, const PatchGather& options);

/// The same by one at::grid_sample over all landmarks, as the reference computes it: what the other is tested against.
at::Tensor gather_patches_by_grid_sample(const at::Tensor& images, const at::Tensor& landmarks, const PatchGather& options);

/// Tokens [B,N,p*p*C] whose vertical direction runs slowest, laid out as a picture, row by row: [B,C,sqrt(N)*p,sqrt(N)*p], the inverse of
/// cut_tokens. Those of a transposed gather come out mirrored at their diagonals.
/// Throws Error unless N is a square and the width fits.
at::Tensor mosaic(const at::Tensor& tokens, int64_t patch, int64_t channels);

}  // namespace lafs::nn
