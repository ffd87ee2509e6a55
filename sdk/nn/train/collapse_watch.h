#pragma once
#include <cstdint>

#include "lafs/schedule.h"
#include "lafs/step.h"

namespace lafs::nn {

/// When a self-supervised method looks for a collapse. [main thread]
class CollapseWatch {
 public:
  /// `every`: most steps between two looks.
  explicit CollapseWatch(int64_t every) : every_(every) {}

  /// Whether to look after this step: every so many steps, in a short run every tenth of it, and after the last step. In a run of fewer
  /// than ten steps never, which the first step notes.
  bool due(const Step& step) const;

 private:
  int64_t every_;
};

}  // namespace lafs::nn
