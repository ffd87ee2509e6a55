#include "runner/tools/show/attention_maps.h"

#include <tuple>

#include <torch/types.h>

#include "lafs/error.h"

namespace lafs {

at::Tensor roll_out(const std::vector<at::Tensor>& blocks) {
  if (blocks.empty()) throw Error("the model shows the attention of no block");
  at::Tensor product;
  for (const at::Tensor& block : blocks) {
    at::Tensor mean = block.detach().to(at::kCPU, at::kDouble).mean(0);
    mean = mean + torch::eye(mean.size(0), mean.options());
    mean = mean / mean.sum(1, true);
    product = product.defined() ? mean.matmul(product) : mean;
  }
  return product;
}

at::Tensor class_rows(const at::Tensor& attention) {
  return attention.detach().to(at::kCPU, at::kDouble).select(-2, 0).slice(-1, 1).contiguous();
}

at::Tensor mass_mask(const at::Tensor& maps, double share) {
  const at::Tensor parts = maps / maps.sum(-1, true);
  const auto [sorted, places] = at::sort(parts, /*stable=*/true, -1, /*descending=*/false);
  const at::Tensor kept = sorted.cumsum(-1) > 1 - share;
  return at::zeros_like(kept).scatter(-1, places, kept);
}

PatchRaster raster_of(int64_t patches, int64_t height, int64_t width) {
  for (int64_t side = 1; side <= height && side <= width; ++side) {
    if ((height / side) * (width / side) == patches) return {height / side, width / side};
  }
  return {};
}

}  // namespace lafs
