#pragma once
/// Where golden sets are computed: LAFS_TEST_DEVICE is "cpu" or "cuda", LAFS_TEST_PRECISION "fp32" or "bf16"; neither set: cpu, fp32.
#include <cstdlib>
#include <string>

#include <ATen/Context.h>
#include <ATen/core/Tensor.h>

#include "kernel/model/autocast.h"
#include "kernel/ranks/device.h"

namespace lafs::test {

inline std::string environment_or(const char* name, const char* otherwise) {
  const char* value = std::getenv(name);
  return value ? value : otherwise;
}

/// Throws Error where the GPU that was asked for is not there.
inline at::Device device() {
  static const at::Device opened = open_device(environment_or("LAFS_TEST_DEVICE", "cpu"));
  return opened;
}

inline bool in_bf16() {
  static const bool asked = environment_or("LAFS_TEST_PRECISION", "fp32") == "bf16";
  return asked;
}

/// The limit of an error: the golden README's, or what bf16 leaves, about three times what was measured on a processor.
inline double limit(double fp32, double bf16) { return in_bf16() ? bf16 : fp32; }

/// The type that a kernel's input arrives in.
inline at::ScalarType input_type() { return in_bf16() ? at::kBFloat16 : at::kFloat; }

/// Autocast while a case runs, if bf16 was asked for. Weights change under it, so that casts are not kept.
class Precision {
 public:
  Precision() : autocast_(in_bf16() ? "bf16" : "fp32", device().type()) { at::autocast::set_autocast_cache_enabled(false); }
  ~Precision() { at::autocast::set_autocast_cache_enabled(true); }
  Precision(const Precision&) = delete;
  Precision& operator=(const Precision&) = delete;

 private:
  Autocast autocast_;
};

}  // namespace lafs::test
