#pragma once
#include <string>

#include <ATen/autocast_mode.h>

namespace lafs {

/// Half precision for the operations torch lists, as `[run] precision` says ("bf16", "fp16"; "fp32": none of it), for as long as this
/// lives; then what was set before. [main thread]
class Autocast {
 public:
  Autocast(const std::string& precision, at::DeviceType device)
      : device_(device), was_(at::autocast::is_autocast_enabled(device)), type_was_(at::autocast::get_autocast_dtype(device)) {
    const bool on = precision == "bf16" || precision == "fp16";
    at::autocast::set_autocast_enabled(device_, on);
    if (on) at::autocast::set_autocast_dtype(device_, precision == "bf16" ? at::kBFloat16 : at::kHalf);
    at::autocast::increment_nesting();
  }
  ~Autocast() {
    // Casts of weights are cached inside: the optimizer is about to change the weights.
    if (at::autocast::decrement_nesting() == 0) at::autocast::clear_cache();
    at::autocast::set_autocast_enabled(device_, was_);
    at::autocast::set_autocast_dtype(device_, type_was_);
  }
  Autocast(const Autocast&) = delete;
  Autocast& operator=(const Autocast&) = delete;

 private:
  at::DeviceType device_;
  bool was_;
  at::ScalarType type_was_;
};

}  // namespace lafs
