#include "nn/loss/unit_rows.h"

#include <torch/types.h>

#include "nn/layers/function.h"

namespace lafs::nn {

UnitRows unit_rows(const at::Tensor& rows) {
  const at::Tensor wide = widened(rows);
  const at::Tensor lengths = wide.norm(2, {1}, true);  // [R,1]
  return {wide / lengths.clamp_min(1e-12), lengths.squeeze(1)};
}

}  // namespace lafs::nn
