#include "runner/tools/bench/step_trace.h"

#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <set>
#include <string>
#include <system_error>
#include <utility>

#include <fmt/format.h>
#include <torch/csrc/autograd/profiler_kineto.h>
#include <nlohmann/json.hpp>

#include "formats/atomic_file.h"
#include "formats/file_text.h"
#include "lafs/error.h"

namespace lafs {

namespace {

using torch::profiler::impl::ActivityType;

std::set<ActivityType> activities(at::Device device) {
  std::set<ActivityType> all{ActivityType::CPU};
  if (device.is_cuda()) all.insert(ActivityType::CUDA);
  return all;
}

/// What the profiler writes. It does not report a full disk, so the text is read back and checked.
std::string saved(torch::autograd::profiler::ProfilerResult& result, const std::filesystem::path& file) {
  const std::filesystem::path beside = file.string() + fmt::format(".{}.part", getpid());
  result.save(beside.string());
  std::string text = formats::file_text(beside).value_or("");
  std::error_code ignored;
  std::filesystem::remove(beside, ignored);
  std::filesystem::remove(beside.string() + ".tmp", ignored);  // its own, where the disk was full
  if (!nlohmann::json::accept(text)) throw Error(fmt::format("cannot write \"{}\": torch's profiler gave no whole trace", file.string()));
  return text;
}

}  // namespace

StepTrace::StepTrace(std::filesystem::path file, at::Device device) : file_(std::move(file)), device_(device) {
  // On a machine without a GPU the profiler of a LibTorch that knows CUDA would call that an error, for all to read.
  if (!device_.is_cuda()) setenv("KINETO_LOG_LEVEL", "99", /*overwrite=*/0);
  if (std::filesystem::is_directory(file_)) throw Error(fmt::format("cannot write \"{}\": {}", file_.string(), std::strerror(EISDIR)));
  const formats::AtomicFile possible(file_);
}

void StepTrace::start() {
  torch::profiler::impl::ProfilerConfig config(torch::profiler::impl::ProfilerState::KINETO, /*report_input_shapes=*/true);
  config.experimental_config.profile_all_threads = true;
  torch::autograd::profiler::prepareProfiler(config, activities(device_));
  torch::autograd::profiler::enableProfiler(config, activities(device_),
                                            {at::RecordScope::FUNCTION, at::RecordScope::BACKWARD_FUNCTION, at::RecordScope::USER_SCOPE});
}

int64_t StepTrace::finish() {
  const auto result = torch::autograd::profiler::disableProfiler();
  formats::write_atomically(file_, saved(*result, file_));
  return static_cast<int64_t>(result->events().size());
}

}  // namespace lafs
