#pragma once
#include <string>
#include <vector>

namespace lafs {

/// What this machine can do at best: figures that every timing is read against.
struct Ceilings {
  std::string processor;              ///< as the kernel names it
  std::vector<std::string> features;  ///< of those that matter here: "avx2", "avx512f", "avx512_bf16", "amx_bf16", ...
  int64_t threads = 1;
  double fp32_gflops = 0,
         bf16_gflops = 0;  ///< of a matrix product of up to 1536 x 1536 x 1536, best of several; 2 operations a multiply-add
  double copy_gbytes = 0;  ///< read and written a second by a copy larger than the caches
};

/// Measures for about a second, with the threads torch is set to. [main thread]
Ceilings measure_ceilings();

}  // namespace lafs
