#include "kernel/ranks/device.h"

#include <dlfcn.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <latch>
#include <memory>
#include <regex>
#include <string>
#include <utility>

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <ATen/cpu/Utils.h>
#include <c10/core/CachingDeviceAllocator.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#include <fmt/format.h>

#include "lafs/error.h"

namespace lafs {

namespace {

/// Our own kernels, where they were built: plugins find them by name in the process. Without them plain operations do the work.
void load_kernels() {
  const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe");
  dlopen((program.parent_path() / "../lib/lafs/liblafs_cuda.so").c_str(), RTLD_NOW | RTLD_GLOBAL);
}

/// "580.65.06" of the driver that the kernel has loaded; empty without one.
std::string driver_version() {
  std::ifstream in("/proc/driver/nvidia/version");
  std::string line;
  std::getline(in, line);
  std::smatch found;
  return std::regex_search(line, found, std::regex("[0-9]+\\.[0-9.]+")) ? found.str() : "";
}

/// libtorch_cuda, or why it cannot be opened. The program links the CPU's libraries only.
struct CudaLibrary {
  void* handle = dlopen("libtorch_cuda.so", RTLD_NOW | RTLD_GLOBAL);
  std::string fault = handle ? "" : dlerror();
};

/// Opened once, at the first call.
const CudaLibrary& cuda_library() {
  static const CudaLibrary library;
  return library;
}

std::string why_no_gpu() {
  const std::string &fault = cuda_library().fault, driver = driver_version();
  if (fault.find("libtorch_cuda.so: cannot open") != std::string::npos) return "this LibTorch has no CUDA; ./bootstrap --cuda brings it";
  if (!fault.empty()) return "LibTorch's CUDA libraries cannot be loaded: " + fault;
  if (driver.empty()) return "no GPU was found: the machine has no driver of NVIDIA";
  return fmt::format("no GPU was found; the driver is {}, and CUDA 13 needs 580 or later; CUDA_VISIBLE_DEVICES may hide GPUs", driver);
}

/// What LibTorch may do to numbers on a GPU. Tensors that are made without values are not filled: nothing reads them.
void set_numbers(const DeviceNumbers& numbers) {
  at::Context& context = at::globalContext();
  context.setAllowTF32CuDNN(numbers.tf32);
  context.setAllowTF32CuBLAS(numbers.tf32);
  context.setDeterministicAlgorithms(numbers.deterministic, /*warn_only=*/true);
  context.setDeterministicFillUninitializedMemory(false);
  context.setDeterministicCuDNN(numbers.deterministic);
  context.setBenchmarkCuDNN(!numbers.deterministic);
}

/// The GPU of this process among those that it sees.
c10::DeviceIndex local_gpu() {
  const c10::impl::VirtualGuardImpl gpus(at::kCUDA);
  const char* name = std::getenv("LOCAL_RANK") ? "LOCAL_RANK" : "SLURM_LOCALID";
  const char* rank = std::getenv(name);
  const int count = gpus.deviceCount();
  // Launchers that show each process its own GPU leave one to choose from.
  const long wanted = rank && count > 1 ? std::strtol(rank, nullptr, 10) : 0;
  if (wanted < 0 || wanted >= count) throw Error(fmt::format("{} = {}, and there are {} GPUs", name, rank, count));
  const auto index = static_cast<c10::DeviceIndex>(wanted);
  gpus.setDevice({at::kCUDA, index});
  return index;
}

}  // namespace

std::string gpu_fault() {
  const bool usable = cuda_library().handle && at::globalContext().hasCUDA();
  return usable || driver_version().empty() ? "" : why_no_gpu();
}

at::Device open_device(const std::string& name, const DeviceNumbers& numbers) {
  if (name == "cpu") return at::kCPU;
  if (numbers.deterministic) setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8", 0);  // cuBLAS reads it when it is opened
  // One call of torch's hooks before the library is opened would freeze them without CUDA.
  if (cuda_library().handle && at::globalContext().hasCUDA()) {
    load_kernels();
    set_numbers(numbers);
    return {at::kCUDA, local_gpu()};
  }
  if (name == "cuda") throw Error("[run] device = \"cuda\": " + why_no_gpu());
  return at::kCPU;
}

int64_t device_peak_bytes(at::Device device) {
  if (device.is_cpu()) return 0;
  constexpr auto all = static_cast<size_t>(c10::CachingAllocator::StatType::AGGREGATE);
  return c10::getDeviceAllocator(device.type())->getDeviceStats(device.index()).allocated_bytes.at(all).peak;
}

void use_threads(int64_t threads) {
  at::set_num_threads(static_cast<int>(threads));
  at::get_num_threads();                                     // settles it for torch's library
  at::parallel_for(0, threads, 1, [](int64_t, int64_t) {});  // and for ours, which has its own copy of the inline function
}

void start_serial_threads(std::vector<std::jthread>& threads, int64_t count, const std::function<void(std::stop_token)>& work) {
  const int threads_of_caller = at::get_num_threads();
  const auto started = std::make_shared<std::latch>(count);
  for (int64_t t = 0; t < count; ++t) {
    threads.emplace_back([work, started](std::stop_token stop) {
      use_threads(1);  // settled before the caller takes its own number back
      started->count_down();
      work(std::move(stop));
    });
  }
  started->wait();
  at::set_num_threads(threads_of_caller);
}

namespace {

/// Torch multiplies fp16 on other x86 processors too, number after number.
bool multiplies_fp16() {
  const auto facts = at::cpu::get_cpu_capabilities();
  const auto has = [&](const char* name) {
    const auto found = facts.find(name);
    return found != facts.end() && found->second.isBool() && found->second.toBool();
  };
  const auto architecture = facts.find("architecture");
  const bool x86 = architecture != facts.end() && architecture->second.isString() && architecture->second.toStringRef() == "x86_64";
  return !x86 || has("avx512_fp16") || has("amx_fp16");
}

}  // namespace

std::string precision_warning(const std::string& precision, at::Device device) {
  if (precision == "fp32" || !device.is_cpu()) return "";
  const std::string capability = at::get_cpu_capability();
  if (precision == "bf16" ? capability.starts_with("AVX512") : multiplies_fp16()) return "";
  return fmt::format("this processor has no {0} products ({1}): [run] precision = \"{0}\" is much slower than \"fp32\"", precision,
                     capability);
}

}  // namespace lafs
