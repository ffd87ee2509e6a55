#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include <c10/core/Device.h>

namespace lafs {

/// How a GPU computes; a processor always computes like this.
struct DeviceNumbers {
  bool tf32 = false;          ///< whether fp32 products and convolutions keep 10 bits of the mantissa, which is faster
  bool deterministic = true;  ///< equal bits at every run, as far as LibTorch has such kernels; where it has none it warns, once
};

/// The device of `[run] device`: "cpu", "cuda", or "auto", which is cuda where there is one. Opens libtorch_cuda when it may
/// be needed, so it must come before any other torch call of the process. Of several GPUs it is the one of the environment variable
/// LOCAL_RANK, as torchrun sets it, or SLURM_LOCALID. Throws Error when "cuda" cannot be had, and for a rank without a GPU.
at::Device open_device(const std::string& name, const DeviceNumbers& numbers = {});

/// Why there is no GPU to use although the machine has NVIDIA's driver; empty where it has none, or where there is. Opens libtorch_cuda
/// like `open_device`, which should have been called before. [main thread]
std::string gpu_fault();

/// The most bytes that tensors on the device ever had; 0 for a processor, of which memory.h tells.
int64_t device_peak_bytes(at::Device device);

/// Compute threads of the calling thread, settled before any other thread starts. [main thread]
void use_threads(int64_t threads);

/// Starts `count` threads that do `work`, which must not throw, each with one compute thread of its own. Torch keeps one number for all
/// threads, and every library takes it for good at its first parallel work: it is the caller's again when this returns. [main thread]
void start_serial_threads(std::vector<std::jthread>& threads, int64_t count, const std::function<void(std::stop_token)>& work);

/// A sentence where the precision is no gain on the device: bf16 or fp16 on a processor without such products; else empty.
std::string precision_warning(const std::string& precision, at::Device device);

}  // namespace lafs
