#pragma once
#include <cstdint>
#include <string_view>
#include <vector>

#include <ATen/core/Tensor.h>

#include "lafs/pass.h"

namespace lafs::nn {

/// One dropout of a network: its rate and the name of its draws.
struct Drop {
  double rate = 0;
  std::string_view stream;

  /// Whether it changes anything in this pass: one that trains and has draws.
  bool acts(const Pass& pass) const { return pass.training && pass.draws && rate > 0; }
};

/// The plain dropout: x [B, shape...] with each element dropped with probability `rate` and the others divided by 1 - rate, when the pass
/// trains and has draws; x itself otherwise. `shape` is that of a row's mask: {N,D} for dropout, {1,1} for drop-path. [main thread]
at::Tensor drop(const at::Tensor& x, double rate, const Pass& pass, std::string_view stream, const std::vector<int64_t>& shape);

}  // namespace lafs::nn
