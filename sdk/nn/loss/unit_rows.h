#pragma once
#include <ATen/core/Tensor.h>

namespace lafs::nn {

struct UnitRows {
  at::Tensor unit;     ///< [R,D], each row divided by its length, or by 1e-12 where that is more, as the references do
  at::Tensor lengths;  ///< [R]
};

/// In fp32, or fp64 where the rows are; recorded by autograd.
UnitRows unit_rows(const at::Tensor& rows);

}  // namespace lafs::nn
