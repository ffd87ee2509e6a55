#include "nn/train/row_gradient.h"

#include <algorithm>
#include <functional>

#include <torch/types.h>

namespace lafs::nn {

at::Tensor coalesced_rows(const at::Tensor& gradient) {
  if (gradient.is_coalesced()) return gradient;
  const at::Tensor rows = gradient._indices()[0].cpu().contiguous();
  const int64_t *begin = rows.const_data_ptr<int64_t>(), *end = begin + rows.numel();
  if (std::adjacent_find(begin, end, std::greater_equal<>()) != end) return gradient.coalesce();
  at::Tensor same = gradient;
  return same._coalesced_(true);
}

at::Tensor numbers_of(at::Tensor& gradient) {
  if (!gradient.is_sparse()) return gradient;
  gradient = coalesced_rows(gradient);
  return gradient._values();
}

}  // namespace lafs::nn
