#include "nn/layers/dropout.h"

#include "lafs/draws.h"

namespace lafs::nn {

at::Tensor drop(const at::Tensor& x, double rate, const Pass& pass, std::string_view stream, const std::vector<int64_t>& shape) {
  if (!Drop{rate, stream}.acts(pass)) return x;
  // The product is rounded once: a mask in bf16 would scale by 1.109 instead of 1/0.9.
  return (x * pass.draws->keep_mask(stream, 1 - rate, shape)).to(x.scalar_type());
}

}  // namespace lafs::nn
