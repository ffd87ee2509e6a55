#pragma once
#include <string>

#include <c10/core/Device.h>

namespace lafs {

/// The device of `[run] device`: "cpu", "cuda", or "auto", which is cuda where there is one. Opens libtorch_cuda when it may
/// be needed, so it must come before any other torch call of the process. Throws Error when "cuda" cannot be had.
at::Device open_device(const std::string& name);

/// A sentence where the precision is no gain on the device: bf16 on a processor without bf16 products; else empty.
std::string precision_warning(const std::string& precision, at::Device device);

}  // namespace lafs
