#pragma once
#include <cstdint>
#include <memory>

#include "lafs/collective.h"
#include "lafs/pass.h"
#include "lafs/reporter.h"
#include "lafs/schedule.h"

namespace lafs {

/// One optimizer step, or one of its micro-batches.
struct Step {
  Timeline time;              ///< index, total, steps per epoch
  int64_t epoch = 0;          ///< of the first micro-batch of the step
  int64_t micro_batch = 0;    ///< 0 <= micro_batch < micro_batches; the last one in before_update and after_update
  int64_t micro_batches = 1;  ///< accumulation
  std::shared_ptr<const Draws>
      draws;  ///< rows of this micro-batch as view 0; null in before_update and after_update, and in golden tests without chance
  Collective& collective;
  Reporter& reporter;

  /// A training pass over the rows of the micro-batch.
  Pass pass() const { return {true, draws}; }
};

}  // namespace lafs
