#pragma once
#include <string>
#include <vector>

#include <c10/core/Device.h>

namespace lafs {

/// The best this machine can do: what timings are compared with.
struct Ceilings {
  std::string processor;              ///< as the operating system names it
  std::vector<std::string> features;  ///< of those that matter here: "avx2", "avx512f", "avx512_bf16", "amx_bf16", ...
  int64_t threads = 1;
  double fp32_gflops = 0,
         bf16_gflops = 0;  ///< of a matrix product of up to 1536 x 1536 x 1536, best of several; 2 operations a multiply-add
  double copy_gbytes = 0;  ///< read and written a second by a copy larger than the caches
};

/// Measures for about a second, with the threads torch is set to. [main thread]
Ceilings measure_ceilings();

/// 1e9 operations a second of a matrix product on a device, in a precision as `[run] precision` names it. Measured at the first call for
/// both, for some tenths of a second. [main thread]
double product_gflops(const std::string& precision, at::Device device);

}  // namespace lafs
