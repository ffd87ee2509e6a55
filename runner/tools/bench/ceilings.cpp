#include "runner/tools/bench/ceilings.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <fstream>
#include <map>
#include <sstream>
#include <utility>

#include <ATen/Parallel.h>
#include <ATen/ops/mm.h>
#include <torch/types.h>

namespace lafs {

namespace {

double best_seconds(int times, const auto& work) {
  double best = 1e300;
  for (int i = 0; i < times; ++i) {
    const auto start = std::chrono::steady_clock::now();
    work();
    best = std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  return best;
}

/// The side doubles until a product takes long enough to be timed: bf16 is emulated on some processors, a hundred times slower.
double measured_gflops(at::ScalarType type, at::Device device) {
  for (int64_t side = 192;; side *= 2) {
    const at::TensorOptions options = at::TensorOptions(type).device(device);
    const at::Tensor a = torch::ones({side, side}, options), b = torch::ones({side, side}, options);
    at::Tensor out = torch::empty({side, side}, options);
    const double seconds = best_seconds(4, [&] {
      at::mm_out(out, a, b);
      if (device.is_cuda()) out[0][0].item();  // the product only began
    });
    if (side >= 1536 || seconds > 0.05) return 2.0 * static_cast<double>(side * side * side) / seconds / 1e9;
  }
}

double copy_gbytes() {
  constexpr int64_t numbers = 1 << 25;  // 128 MiB each
  const at::Tensor from = torch::ones({numbers});
  at::Tensor to = torch::zeros({numbers});
  return 2.0 * numbers * sizeof(float) / best_seconds(4, [&] { to.copy_(from); }) / 1e9;
}

void describe_processor(Ceilings& out) {
  constexpr std::array<const char*, 8> known{"avx2", "fma", "f16c", "avx512f", "avx512_vnni", "avx512_bf16", "avx512_fp16", "amx_bf16"};
  std::ifstream in("/proc/cpuinfo");
  std::string line;
  while (std::getline(in, line)) {
    const auto colon = line.find(": ");
    if (colon == std::string::npos) continue;
    if (line.starts_with("model name") && out.processor.empty()) out.processor = line.substr(colon + 2);
    if (!line.starts_with("flags")) continue;
    std::istringstream words(line.substr(colon + 2));
    std::string word;
    while (words >> word) {
      if (std::find(known.begin(), known.end(), word) != known.end()) out.features.push_back(word);
    }
    return;
  }
}

}  // namespace

double product_gflops(const std::string& precision, at::Device device) {
  static std::map<std::pair<std::string, std::string>, double> known;
  const auto [found, is_new] = known.try_emplace({precision, device.str()}, 0);
  if (is_new) {
    const at::NoGradGuard no_grad;
    found->second = measured_gflops(precision == "bf16" ? at::kBFloat16 : precision == "fp16" ? at::kHalf : at::kFloat, device);
  }
  return found->second;
}

Ceilings measure_ceilings() {
  const at::NoGradGuard no_grad;
  Ceilings out;
  describe_processor(out);
  out.threads = at::get_num_threads();
  out.fp32_gflops = product_gflops("fp32", at::kCPU);
  out.bf16_gflops = product_gflops("bf16", at::kCPU);
  out.copy_gbytes = copy_gbytes();
  return out;
}

}  // namespace lafs
