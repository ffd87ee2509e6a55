#include "kernel/ranks/device.h"

#include <dlfcn.h>

#include <filesystem>
#include <latch>
#include <memory>
#include <string>
#include <utility>

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <ATen/cpu/Utils.h>
#include <fmt/format.h>

#include "lafs/error.h"

namespace lafs {

namespace {

/// Our own kernels, where they were built: plugins find them by name in the process. Without them plain operations do the work.
void load_kernels() {
  const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe");
  dlopen((program.parent_path() / "../lib/lafs/liblafs_cuda.so").c_str(), RTLD_NOW | RTLD_GLOBAL);
}

}  // namespace

at::Device open_device(const std::string& name) {
  if (name == "cpu") return at::kCPU;
  // The program links the CPU's libraries only; one call of torch's hooks before this would freeze them without CUDA.
  const void* library = dlopen("libtorch_cuda.so", RTLD_NOW | RTLD_GLOBAL);
  const std::string why = library ? "no GPU was found" : "this LibTorch has no CUDA";
  if (library && at::globalContext().hasCUDA()) {
    load_kernels();
    return {at::kCUDA, 0};
  }
  if (name == "cuda") throw Error("[run] device = \"cuda\": " + why);
  return at::kCPU;
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
