#include "nn/train/collapse_watch.h"

#include <algorithm>

#include <fmt/format.h>

namespace lafs::nn {

namespace {

constexpr int64_t looks_in_a_short_run = 10;

}  // namespace

bool CollapseWatch::due(const Step& step) const {
  const Timeline& time = step.time;
  if (time.steps < looks_in_a_short_run) {
    if (time.index == 0) {
      step.reporter.note(fmt::format("a run of {} step{} is too short to look for a collapse, which takes {}", time.steps,
                                     time.steps == 1 ? "" : "s", looks_in_a_short_run));
    }
    return false;
  }
  if (time.index == 0) return false;
  return time.index % std::min(every_, time.steps / looks_in_a_short_run) == 0 || time.index == time.steps - 1;
}

}  // namespace lafs::nn
