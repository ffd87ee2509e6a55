#pragma once
#include <string_view>

#include "lafs/tensor.h"

namespace lafs {

/// Numbers an objective wants in the log. Tensors are copied at once and read when the step is over, so that a report never stalls the
/// device. [main thread]
class Reporter {
 public:
  virtual ~Reporter() = default;
  virtual void value(std::string_view name, double value) = 0;
  virtual void value(std::string_view name, const Tensor& scalar) = 0;  ///< throws Error unless it has one element
  /// A warning, such as that the network may have collapsed: on the screen, in metrics.jsonl with its step, in the manifest and first in
  /// the report. Put numbers into brackets at its end: sentences that are the same before these are listed as one.
  virtual void note(std::string_view /*sentence*/) {}
};

}  // namespace lafs
