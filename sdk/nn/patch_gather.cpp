#include "nn/patch_gather.h"

#include <cmath>

#include <ATen/ops/grid_sampler.h>
#include <fmt/format.h>
#include <torch/types.h>

#include "lafs/error.h"
#include "nn/dims.h"
#include "nn/function.h"

namespace lafs {

namespace {

void check(const at::Tensor& images, const at::Tensor& landmarks) {
  const auto [b, c, height, width] = dims<4>(images, "images");
  const auto [rows, n, two] = dims<3>(landmarks, "landmarks");
  if (height != width) throw Error(fmt::format("\"images\" has {} x {} pixels; landmarks need square images", height, width));
  if (rows != b) throw Error(fmt::format("\"landmarks\" has {} rows, \"images\" {}", rows, b));
  if (two != 2) throw Error(fmt::format("\"landmarks\" has {} coordinates a landmark, not 2", two));
}

}  // namespace

at::Tensor gather_patches_by_grid_sample(const at::Tensor& images, const at::Tensor& landmarks, const PatchGather& options) {
  check(images, landmarks);
  const AutocastOff off;
  const int64_t b = images.size(0), c = images.size(1), size = images.size(2), n = landmarks.size(1), p = options.patch;
  const at::Tensor wide = widened(images), places = landmarks.to(wide.scalar_type());
  const double first = -static_cast<double>(p) / 2 + (options.centred ? 1 : 0);
  const at::Tensor offsets = at::arange(p, wide.options()) + first;                                             // [p]
  const at::Tensor along = (places.unsqueeze(2) + offsets.view({p, 1})) / (static_cast<double>(size) / 2) - 1;  // [B,N,p,2]
  const at::Tensor x = along.select(3, 0), y = along.select(3, 1);                                              // [B,N,p]
  const at::Tensor slow = (options.transposed ? x : y).unsqueeze(3).expand({b, n, p, p});
  const at::Tensor fast = (options.transposed ? y : x).unsqueeze(2).expand({b, n, p, p});
  const at::Tensor grid = options.transposed ? at::stack({slow, fast}, 4) : at::stack({fast, slow}, 4);  // [B,N,p,p,2]
  const at::Tensor patches = at::grid_sampler(wide, grid.view({b, n * p, p, 2}), 0, 0, false);           // [B,C,N*p,p]
  return patches.view({b, c, n, p, p}).permute({0, 2, 3, 4, 1}).reshape({b, n, p * p * c}).to(images.scalar_type());
}

at::Tensor gather_patches(const at::Tensor& images, const at::Tensor& landmarks, const PatchGather& options) {
  return gather_patches_by_grid_sample(images, landmarks, options);
}

at::Tensor mosaic(const at::Tensor& tokens, int64_t patch, int64_t channels) {
  const auto [b, n, width] = dims<3>(tokens, "tokens");
  const auto side = static_cast<int64_t>(std::llround(std::sqrt(static_cast<double>(n))));
  if (side * side != n) throw Error(fmt::format("\"tokens\" has {} tokens, not a square number", n));
  if (width != patch * patch * channels) {
    throw Error(fmt::format("\"tokens\" has {} numbers a token, not {}", width, patch * patch * channels));
  }
  const at::Tensor parts = tokens.reshape({b, side, side, patch, patch, channels});
  return parts.permute({0, 5, 1, 3, 2, 4}).reshape({b, channels, side * patch, side * patch});
}

}  // namespace lafs
