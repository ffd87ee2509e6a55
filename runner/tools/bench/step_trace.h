#pragma once
#include <cstdint>
#include <filesystem>

#include <c10/core/Device.h>

namespace lafs {

/// Records what torch does between `start` and `finish`, as a trace that chrome://tracing and Perfetto read: every operation of every
/// thread, with shapes; on a GPU its kernels; each step with its parts as spans around them; and what the loader's threads do. [main
/// thread]
class StepTrace {
 public:
  /// Throws Error when `file` cannot be written, before any step is run. The old content stays until `finish`.
  StepTrace(std::filesystem::path file, at::Device device);

  void start();
  /// Writes the file, whole or not at all. Returns the number of events. No other thread may be recording: torch's profiler does not wait
  /// for it. Throws Error.
  int64_t finish();

 private:
  std::filesystem::path file_;
  at::Device device_;
};

}  // namespace lafs
