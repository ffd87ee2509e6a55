#pragma once
#include <ATen/core/Tensor.h>

namespace lafs::nn {

/// A sparse gradient with each row once and rows in order; its values are copied only where they are not so already, as after several
/// micro-batches. [main thread]
at::Tensor coalesced_rows(const at::Tensor& gradient);

/// The numbers of a gradient that may be sparse, sharing memory with it: of a sparse one, which becomes coalesced, its values; of others
/// the gradient itself.
at::Tensor numbers_of(at::Tensor& gradient);

}  // namespace lafs::nn
