#pragma once
#include <string>

#include <c10/core/Device.h>

namespace lafs {

/// The device of `[run] device`: "cpu", "cuda", or "auto", which is cuda where there is one. Opens libtorch_cuda when it may
/// be needed, so it must come before any other torch call of the process. Throws Error when "cuda" cannot be had.
at::Device open_device(const std::string& name);

/// Compute threads of the calling thread, settled before any other thread starts: torch takes the number for good at a thread's first
/// parallel work, from a place that every thread writes, and the loader's threads write 1 there. [main thread]
void use_threads(int64_t threads);

/// A sentence where the precision is no gain on the device: bf16 on a processor without bf16 products; else empty.
std::string precision_warning(const std::string& precision, at::Device device);

}  // namespace lafs
