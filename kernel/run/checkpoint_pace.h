#pragma once
#include <chrono>
#include <cstdint>

#include "kernel/data/epochs.h"
#include "kernel/recipe/options.h"

namespace lafs {

/// When a run writes checkpoints, and which of them are kept for good. [one thread at a time]
///
///     CheckpointPace pace(recipe.run, epochs);
///     if (pace.due(step)) save(pace.stays(step)), pace.saved();
class CheckpointPace {
 public:
  /// The arguments must outlive it. Time counts from here.
  CheckpointPace(const RunOptions& run, const Epochs& epochs) : run_(run), epochs_(epochs) {}

  /// Whether a checkpoint is due after so many steps: by steps or epochs, or because of the time since the last one.
  bool due(int64_t step) const { return regular(step, 1) || late(); }
  /// Whether the checkpoint of so many steps is one of every `[run] keep_every` that are due by steps or epochs.
  bool stays(int64_t step) const { return run_.keep_every > 0 && regular(step, run_.keep_every); }
  /// A checkpoint was written now.
  void saved() { last_ = Clock::now(); }

 private:
  using Clock = std::chrono::steady_clock;
  bool regular(int64_t step, int64_t every) const;
  bool late() const;

  const RunOptions& run_;
  const Epochs& epochs_;
  Clock::time_point last_ = Clock::now();
};

}  // namespace lafs
