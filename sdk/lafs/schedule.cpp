#include "lafs/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "lafs/error.h"
#include "lafs/step.h"

namespace lafs {

namespace {

double half_cosine(double from, double to, double share) { return to + 0.5 * (from - to) * (1 + std::cos(std::numbers::pi * share)); }

/// Value `index` of `count` evenly spaced ones, both ends included; a single one is the first end.
double line(double first, double last, int64_t index, int64_t count) {
  if (count <= 1) return first;
  return index == count - 1 ? last : first + static_cast<double>(index) * ((last - first) / static_cast<double>(count - 1));
}

double cosine_at(const Schedule& s, const Timeline& time, bool two_sided) {
  const auto warmup = static_cast<int64_t>(s.warmup_epochs * static_cast<double>(time.steps_per_epoch));
  if (time.index < warmup) {
    // Two-sided: the peak is left to the first step after the warm-up.
    return two_sided ? line(s.warmup_from, s.from, time.index, warmup + 1) : line(s.warmup_from, s.from, time.index, warmup);
  }
  const int64_t rest = two_sided ? std::max<int64_t>(1, time.total - warmup - 1) : time.total - warmup;
  return half_cosine(s.from, s.to, static_cast<double>(time.index - warmup) / static_cast<double>(rest));
}

double finetune_at(const Schedule& s, const Timeline& time) {
  const auto images = static_cast<double>(time.images);
  const auto warmup = static_cast<int64_t>(s.warmup_epochs * images) / time.step_images;
  const auto length = static_cast<int64_t>((static_cast<double>(time.epochs) - s.warmup_epochs) * images) / time.step_images;
  if (time.index <= warmup && warmup > 0) return s.from * static_cast<double>(time.index) / static_cast<double>(warmup);
  if (length <= 0) return s.from;
  return half_cosine(s.from, s.to, static_cast<double>(time.index - warmup - 1) / static_cast<double>(length));
}

double finetune_corrected_at(const Schedule& s, const Timeline& time) {
  const auto warmup = static_cast<int64_t>(s.warmup_epochs * static_cast<double>(time.steps_per_epoch));
  if (time.index < warmup) return s.from * static_cast<double>(time.index + 1) / static_cast<double>(warmup);
  const int64_t rest = std::max<int64_t>(1, time.total - warmup - 1);
  return half_cosine(s.from, s.to, static_cast<double>(time.index - warmup) / static_cast<double>(rest));
}

}  // namespace

double Schedule::at(const Timeline& time) const {
  if (shape == "constant") return from;
  if (shape == "cosine") return cosine_at(*this, time, false);
  if (shape == "two_sided_cosine") return cosine_at(*this, time, true);
  if (shape == "epoch_linear") {
    const auto epochs = static_cast<int64_t>(warmup_epochs);
    return time.epoch < epochs ? line(warmup_from, from, time.epoch, epochs) : from;
  }
  if (shape == "finetune") return finetune_at(*this, time);
  if (shape == "finetune_corrected") return finetune_corrected_at(*this, time);
  throw Error("schedule shape \"" + shape + "\" is unknown");
}

double Schedule::operator()(const Step& step) const { return at(step.time); }

Schedule cosine(double from, double to, double warmup_epochs) {
  Schedule schedule;
  schedule.shape = "cosine";
  schedule.from = from;
  schedule.to = to;
  schedule.warmup_epochs = warmup_epochs;
  return schedule;
}

double scaled_lr(const std::string& rule, double lr, int64_t batch, int64_t accumulate) {
  const auto b = static_cast<double>(batch), a = static_cast<double>(accumulate);
  if (rule == "none") return lr;
  if (rule == "linear_256") return lr * (a * b) / 256;
  if (rule == "lafs_sqrt") return lr * (a / 480) * 336 * std::sqrt(b / 336);
  throw Error("scale rule \"" + rule + "\" is unknown");
}

}  // namespace lafs
