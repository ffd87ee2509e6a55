#include "nn/layers/dims.h"

#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "lafs/error.h"

namespace lafs::nn {

void check_dims(const at::Tensor& tensor, int64_t count, std::string_view name) {
  if (!tensor.defined()) throw Error(fmt::format("\"{}\" is undefined, not of {} dimensions", name, count));
  if (tensor.dim() == count) return;
  throw Error(fmt::format("\"{}\" has shape {}, not {} dimensions", name, tensor.sizes().vec(), count));
}

}  // namespace lafs::nn
