#include "kernel/data/epochs.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "lafs/error.h"

namespace lafs {

int64_t whole_batches(int64_t images, int64_t batch) {
  if (images < batch) throw Error(fmt::format("[run] batch = {} is larger than the training data, which has {} images", batch, images));
  return images / batch;
}

Epochs::Epochs(const RunOptions& run, int64_t image_count)
    : images(image_count),
      count(static_cast<double>(run.epochs)),
      batch(run.batch),
      accumulate(run.accumulate),
      batches_per_epoch(whole_batches(image_count, run.batch)) {
  int64_t micro_batches = 0;
  if (run.total_steps > 0) {
    if (__builtin_mul_overflow(run.total_steps, accumulate, &micro_batches))
      throw Error(fmt::format("[run] total_steps = {} of {} micro-batches each are more than can be counted", run.total_steps, accumulate));
    count = static_cast<double>(micro_batches) / static_cast<double>(batches_per_epoch);
  } else if (__builtin_mul_overflow(batches_per_epoch, run.epochs, &micro_batches)) {
    throw Error(fmt::format("[run] epochs = {} over {} images are more micro-batches than can be counted", run.epochs, images));
  }
  total = micro_batches / accumulate;
  if (total == 0)
    throw Error(fmt::format("the whole run has {} micro-batches, fewer than [run] accumulate = {}", micro_batches, accumulate));
  steps = run.steps > 0 ? std::min(run.steps, total) : total;
}

Timeline Epochs::timeline(int64_t step) const {
  return {.index = step,
          .epoch = epoch_of(first_micro(step)),
          .total = total,
          .steps = steps,
          .steps_per_epoch = std::max<int64_t>(1, batches_per_epoch / accumulate),
          .epochs = count,
          .images = images,
          .step_images = step_images(),
          .epochs_done = static_cast<double>(first_micro(step)) / static_cast<double>(batches_per_epoch)};
}

bool Epochs::crosses(int64_t step, double every_epochs) const {
  if (every_epochs <= 0) return false;
  const auto per_epoch = static_cast<double>(batches_per_epoch);
  const double before = static_cast<double>(first_micro(step)) / per_epoch, after = static_cast<double>(first_micro(step + 1)) / per_epoch;
  return std::floor(after / every_epochs) > std::floor(before / every_epochs);
}

}  // namespace lafs
