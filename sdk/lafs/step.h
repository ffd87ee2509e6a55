#pragma once
#include <cstdint>
#include <memory>

#include "lafs/collective.h"
#include "lafs/pass.h"
#include "lafs/reporter.h"
#include "lafs/schedule.h"

namespace lafs {

/// One optimizer step, or one of its micro-batches. Valid during the call it is handed to; do not keep it.
struct Step {
  Timeline time;              ///< index, total, epoch
  int64_t micro_batch = 0;    ///< 0 <= micro_batch < micro_batches; the last one in before_update and after_update
  int64_t micro_batches = 1;  ///< accumulation
  /// Rows of this micro-batch as view 0; null in before_update and after_update, and in golden tests without chance.
  std::shared_ptr<const Draws> draws;
  Collective& collective;
  Reporter& reporter;

  /// A training pass over the rows of the micro-batch.
  Pass pass() const { return {true, draws, &collective}; }
};

}  // namespace lafs
