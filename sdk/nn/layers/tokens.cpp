#include "nn/layers/tokens.h"

#include <fmt/format.h>
#include <torch/types.h>

#include "lafs/error.h"
#include "nn/layers/dims.h"

namespace lafs::nn {

at::Tensor cut_tokens(const at::Tensor& images, int64_t patch) {
  const auto [b, c, height, width] = dims<4>(images, "images");
  if (height % patch != 0 || width % patch != 0) {
    throw Error(fmt::format("\"images\" has {} x {} pixels, not a multiple of the patch, {}", height, width, patch));
  }
  const int64_t rows = height / patch, columns = width / patch;
  return images.view({b, c, rows, patch, columns, patch}).permute({0, 2, 4, 3, 5, 1}).reshape({b, rows * columns, patch * patch * c});
}

at::Tensor kept_tokens(const at::Tensor& tokens, const at::Tensor& kept) {
  const auto [b, n, width] = dims<3>(tokens, "tokens");
  const auto [rows, count] = dims<2>(kept, "kept");
  if (rows != b || count < 1) {
    throw Error(fmt::format("\"kept\" has shape [{}, {}], not a row of patches for each of {} pictures", rows, count, b));
  }
  return tokens.gather(1, kept.unsqueeze(2).expand({-1, -1, width}));
}

}  // namespace lafs::nn
