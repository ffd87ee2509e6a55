#include "nn/cuda/cuda_kernels.h"

#include <dlfcn.h>

#include <c10/core/impl/VirtualGuardImpl.h>
#include <fmt/format.h>

#include "lafs/error.h"

namespace lafs::nn {

const CudaKernels* cuda_kernels(const at::Tensor& x) {
  if (!x.is_cuda()) return nullptr;
  // The name is looked up each time because sdk libraries, of which every plugin has a copy, keep no state.
  const auto find = reinterpret_cast<CudaKernelsSymbol*>(dlsym(RTLD_DEFAULT, cuda_kernels_symbol));
  const CudaKernels* kernels = find ? find() : nullptr;
  if (!kernels || kernels->version != cuda_kernels_version) return nullptr;
  const c10::Stream stream = c10::impl::VirtualGuardImpl(x.device().type()).getStream(x.device());
  return stream.id() == 0 ? kernels : nullptr;
}

void check_cuda(const char* kernel, const char* error) {
  if (error) throw Error(fmt::format("the GPU's kernel \"{}\" failed: {}", kernel, error));
}

}  // namespace lafs::nn
