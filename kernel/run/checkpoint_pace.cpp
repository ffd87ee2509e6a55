#include "kernel/run/checkpoint_pace.h"

namespace lafs {

/// Whether the `every`-th checkpoint by steps or epochs is that of so many steps.
bool CheckpointPace::regular(int64_t step, int64_t every) const {
  if (run_.checkpoint_every == 0) return epochs_.crosses(step - 1, static_cast<double>(every));
  return step % run_.checkpoint_every == 0 && step / run_.checkpoint_every % every == 0;
}

bool CheckpointPace::late() const {
  return run_.checkpoint_minutes > 0 && std::chrono::duration<double>(Clock::now() - last_).count() >= 60 * run_.checkpoint_minutes;
}

}  // namespace lafs
