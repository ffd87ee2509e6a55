#pragma once
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <ATen/record_function.h>

namespace lafs {

/// Times the parts of a step, one after the other; a profiler that listens sees each as a span.
class PartClock {
 public:
  /// Ends the part before.
  void begin(const char* part) {
    end();
    const auto found = std::find_if(parts_.begin(), parts_.end(), [&](const auto& one) { return one.first == part; });
    current_ = static_cast<size_t>(found - parts_.begin());
    if (found == parts_.end()) parts_.emplace_back(part, 0);
    start_ = std::chrono::steady_clock::now();
    span_.emplace(at::RecordScope::USER_SCOPE);
    if (span_->isActive()) span_->before(part);
  }
  /// Seconds of the parts, in the order in which they first began. Ends the last.
  std::vector<std::pair<std::string, double>> parts() {
    end();
    return parts_;
  }

 private:
  void end() {
    if (!span_) return;
    span_.reset();
    parts_[current_].second += std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }

  std::optional<at::RecordFunction> span_;
  std::chrono::steady_clock::time_point start_;
  size_t current_ = 0;
  std::vector<std::pair<std::string, double>> parts_;
};

}  // namespace lafs
