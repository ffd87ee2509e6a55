#include "runner/bench/step_trace.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <set>
#include <utility>

#include <fmt/format.h>
#include <torch/csrc/autograd/profiler_kineto.h>

#include "lafs/error.h"

namespace lafs {

namespace {

using torch::profiler::impl::ActivityType;

std::set<ActivityType> activities(at::Device device) {
  std::set<ActivityType> all{ActivityType::CPU};
  if (device.is_cuda()) all.insert(ActivityType::CUDA);
  return all;
}

}  // namespace

StepTrace::StepTrace(std::filesystem::path file, at::Device device) : file_(std::move(file)), device_(device) {
  // On a machine without a GPU the profiler of a LibTorch that knows CUDA would call that an error, for all to read.
  if (!device_.is_cuda()) setenv("KINETO_LOG_LEVEL", "99", /*overwrite=*/0);
  errno = 0;
  if (!std::ofstream(file_)) throw Error(fmt::format("cannot write \"{}\": {}", file_.string(), std::strerror(errno)));
}

void StepTrace::start() {
  const torch::profiler::impl::ProfilerConfig config(torch::profiler::impl::ProfilerState::KINETO, /*report_input_shapes=*/true);
  torch::autograd::profiler::prepareProfiler(config, activities(device_));
  torch::autograd::profiler::enableProfiler(config, activities(device_),
                                            {at::RecordScope::FUNCTION, at::RecordScope::BACKWARD_FUNCTION, at::RecordScope::USER_SCOPE});
}

int64_t StepTrace::finish() {
  const auto result = torch::autograd::profiler::disableProfiler();
  result->save(file_.string());
  if (!std::filesystem::exists(file_) || std::filesystem::file_size(file_) == 0) {
    throw Error(fmt::format("torch's profiler wrote nothing into \"{}\"", file_.string()));
  }
  return static_cast<int64_t>(result->events().size());
}

}  // namespace lafs
