#include "nn/train/collapse_watch.h"

#include <algorithm>

#include <fmt/format.h>

namespace lafs::nn {

namespace {

constexpr int64_t looks_in_a_short_run = 10;

}  // namespace

bool CollapseWatch::due(const Step& step) const {
  const Timeline& time = step.time;
  if (time.total < looks_in_a_short_run) {
    if (time.index == 0) {
      step.reporter.note(
          fmt::format("a run of {} steps is too short to look for a collapse, which takes {}", time.total, looks_in_a_short_run));
    }
    return false;
  }
  if (time.index == 0) return false;
  return time.index % std::min(every_, time.total / looks_in_a_short_run) == 0 || time.index == time.total - 1;
}

}  // namespace lafs::nn
