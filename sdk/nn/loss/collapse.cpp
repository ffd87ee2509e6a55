#include "nn/loss/collapse.h"

#include <cmath>

#include <torch/types.h>

#include "nn/layers/function.h"
#include "nn/loss/unit_rows.h"

namespace lafs::nn {

CollapseSigns collapse_signs(const at::Tensor& first, const at::Tensor& second) {
  constexpr int64_t most_rows = 64;
  const at::NoGradGuard no_grad;
  const AutocastOff off;
  const at::Tensor a = unit_rows(first.detach().slice(0, 0, most_rows)).unit, b = unit_rows(second.detach().slice(0, 0, most_rows)).unit;
  const at::Tensor centred = a - a.mean(0, true), products = centred.mm(centred.t());  // [B,B]: the eigenvalues of the covariance, times B
  const at::Tensor cosines = a.mm(b.t()), own = at::arange(a.size(0), cosines.options().dtype(at::kLong));
  CollapseSigns signs;
  signs.spread = centred.square().mean(0).sqrt().mean() * std::sqrt(static_cast<double>(a.size(1)));
  signs.dimensions = products.diagonal().sum().square() / products.square().sum().clamp_min(1e-30);
  signs.similarity = cosines.diagonal().mean();
  signs.found = cosines.argmax(1).eq(own).to(at::kFloat).mean();
  return signs;
}

}  // namespace lafs::nn
