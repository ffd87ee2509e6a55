#pragma once
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include <c10/core/Device.h>

namespace lafs {

/// The device of `[run] device`: "cpu", "cuda", or "auto", which is cuda where there is one. Opens libtorch_cuda when it may
/// be needed, so it must come before any other torch call of the process. Throws Error when "cuda" cannot be had.
at::Device open_device(const std::string& name);

/// Compute threads of the calling thread, settled before any other thread starts. [main thread]
void use_threads(int64_t threads);

/// Starts `count` threads that do `work`, which must not throw, each with one compute thread of its own. Torch keeps one number for all
/// threads, and every library takes it for good at its first parallel work: it is the caller's again when this returns. [main thread]
void start_serial_threads(std::vector<std::jthread>& threads, int64_t count, const std::function<void(std::stop_token)>& work);

/// A sentence where the precision is no gain on the device: bf16 or fp16 on a processor without such products; else empty.
std::string precision_warning(const std::string& precision, at::Device device);

}  // namespace lafs
