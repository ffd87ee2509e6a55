#pragma once
#include "kernel/ledger/metrics_log.h"
#include "kernel/train/trainer.h"

namespace lafs {

/// The line of metrics.jsonl for a step that took so many seconds.
inline StepRecord step_record(const Timeline& time, int64_t epoch, const StepOutcome& step, double seconds) {
  const double speed = static_cast<double>(time.step_images) / seconds;
  return {time.index, epoch, step.loss, step.lr, step.weight_decay, step.gradient_norm, speed, step.values};
}

}  // namespace lafs
