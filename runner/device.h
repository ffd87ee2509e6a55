#pragma once
#include <string>

#include <c10/core/Device.h>

namespace lafs {

/// The device of `[run] device`: "cpu", "cuda", or "auto", which is cuda where there is one. Opens libtorch_cuda when it may
/// be needed, so it must come before any other torch call of the process. Throws Error when "cuda" cannot be had.
at::Device open_device(const std::string& name);

}  // namespace lafs
