#pragma once
#include <ATen/autocast_mode.h>

namespace lafs {

/// bfloat16 for the operations torch lists, or none of it, for as long as this lives; then what was set before. [main thread]
class Autocast {
 public:
  Autocast(bool on, at::DeviceType device) : device_(device), was_(at::autocast::is_autocast_enabled(device)) {
    at::autocast::set_autocast_enabled(device_, on);
    if (on) at::autocast::set_autocast_dtype(device_, at::kBFloat16);
    at::autocast::increment_nesting();
  }
  ~Autocast() {
    // Casts of weights are cached inside: the optimizer is about to change the weights.
    if (at::autocast::decrement_nesting() == 0) at::autocast::clear_cache();
    at::autocast::set_autocast_enabled(device_, was_);
  }
  Autocast(const Autocast&) = delete;
  Autocast& operator=(const Autocast&) = delete;

 private:
  at::DeviceType device_;
  bool was_;
};

}  // namespace lafs
