#pragma once
#include <string>

#include <ATen/core/Tensor.h>

#include "kernel/ranks/device.h"
#include "lafs/error.h"
#include "nn/cuda/cuda_kernels.h"
#include "support/skip.h"

namespace lafs::test {

/// Whether this machine has a GPU and our kernels are loaded; says what is missing.
inline bool gpu_ready() {
  try {
    const at::Device device = open_device("cuda");
    if (nn::cuda_kernels(at::empty({1}, device))) {
      runs();
      return true;
    }
    skip("gpu: liblafs_cuda.so is not beside this program");
  } catch (const Error& error) {
    skip(std::string("gpu: ").append(error.what()));
  }
  return false;
}

/// Largest absolute difference of two tensors, wherever they are; infinite where it is not a number.
inline double difference(const at::Tensor& a, const at::Tensor& b) {
  const double largest = (a.detach().to(at::kCPU, at::kDouble) - b.detach().to(at::kCPU, at::kDouble)).abs().max().item<double>();
  return largest == largest ? largest : INFINITY;
}
inline double largest_of(const at::Tensor& x) { return x.detach().abs().max().item<double>(); }

}  // namespace lafs::test
