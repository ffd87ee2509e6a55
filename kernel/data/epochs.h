#pragma once
#include <cmath>
#include <cstdint>

#include "kernel/recipe/recipe.h"
#include "lafs/schedule.h"

namespace lafs {

/// How a run divides into epochs, micro-batches and optimizer steps; sampler, loop, schedules and plan all ask here. An epoch drops the
/// images that fill no whole micro-batch. Micro-batches that are left at the end of an epoch go into the first step of the next one
/// (FT-32). [any thread]
///
///     const Epochs epochs(recipe.run, source->size());
///     const double lr = schedule.at(epochs.timeline(120));
struct Epochs {
  Epochs() = default;
  /// Throws Error for a batch larger than the data, and for a run that holds no whole step or more micro-batches than can be counted.
  Epochs(const RunOptions& run, int64_t images);

  int64_t images = 0;             ///< of the training data
  double count = 1;               ///< epochs of the run; with `[run] total_steps` the last may be cut short
  int64_t batch = 1;              ///< images of a micro-batch over all ranks
  int64_t accumulate = 1;         ///< micro-batches of a step
  int64_t batches_per_epoch = 1;  ///< micro-batches
  int64_t total = 1;              ///< optimizer steps of the whole run, which schedules span
  int64_t steps = 1;              ///< optimizer steps to be done: `total`, or `[run] steps` if that is fewer

  int64_t step_images() const { return batch * accumulate; }
  int64_t first_micro(int64_t step) const { return step * accumulate; }  ///< micro-batch that a step begins with
  int64_t epoch_of(int64_t micro) const { return micro / batches_per_epoch; }
  /// Epochs that are begun, the cut one included.
  int64_t begun() const { return static_cast<int64_t>(std::ceil(count)); }
  /// Where a step lies, for schedules.
  Timeline timeline(int64_t step = 0) const;
  /// Whether a step carries the run over a multiple of so many epochs; never for 0.
  bool crosses(int64_t step, double every_epochs) const;
};

/// Whole micro-batches of an epoch. Throws Error when there is none.
int64_t whole_batches(int64_t images, int64_t batch);

}  // namespace lafs
