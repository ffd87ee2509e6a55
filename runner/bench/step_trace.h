#pragma once
#include <cstdint>
#include <filesystem>

#include <c10/core/Device.h>

namespace lafs {

/// Records what torch does between `start` and `finish`, as a trace that chrome://tracing and Perfetto read: every operation of the thread
/// and of the autograd threads it calls, with shapes; on a GPU its kernels; and the parts of each step as spans around them. [main thread]
class StepTrace {
 public:
  /// Throws Error when `file` cannot be written, so that nobody waits in vain.
  StepTrace(std::filesystem::path file, at::Device device);

  void start();
  /// Writes the file. Returns the number of events.
  int64_t finish();

 private:
  std::filesystem::path file_;
  at::Device device_;
};

}  // namespace lafs
