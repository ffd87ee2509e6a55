#include "runner/report/progress.h"

#include <doctest/doctest.h>

#include <cmath>

namespace lafs {
namespace {

TEST_CASE("progress: durations read as clocks do") {
  CHECK(duration_text(0) == "0:00");
  CHECK(duration_text(83) == "1:23");
  CHECK(duration_text(3599.6) == "1:00:00");
  CHECK(duration_text(7384) == "2:03:04");
  CHECK(duration_text(100 * 3600) == "100:00:00");
  CHECK(duration_text(-1) == "-:--");
  CHECK(duration_text(std::nan("")) == "-:--");
}

TEST_CASE("progress: a plain line says where the run is, how fast it goes and when it ends") {
  const ProgressState state{120, 40000, 3, 5.12345, 1e-4, 812.4, 0.031, 7384};
  CHECK(progress_line(state, 200, false) == "  120/40000  epoch 3  loss 5.1235  lr 1.00e-04  812 images/s  ETA 2:03:04  data wait 3 %");
}

TEST_CASE("progress: the bar fills with the run, and gives way on a narrow terminal") {
  const ProgressState half{50, 100, 0, 1, 1, 10, 0, 5};
  const std::string text = " 50/100  epoch 0  loss 1.0000  lr 1.00e+00  10.0 images/s  ETA 0:05";
  CHECK(progress_line(half, 77, true) == "━━━━╸     " + text);
  CHECK(progress_line(half, 200, true) == "━━━━━━━━━━━━╸           " + (" " + text));
  CHECK(progress_line(half, 70, true) == text);
  CHECK(progress_line(half, 30, true) == text.substr(0, 30));
}

TEST_CASE("progress: a run that diverged, or has no steps, still has a line") {
  const ProgressState broken{0, 0, 0, std::nan(""), 0, 0, 0, -1};
  CHECK(progress_line(broken, 200, false) == "0/0  epoch 0  loss nan  lr 0.00e+00  0.0 images/s  ETA -:--");
  CHECK(progress_line(broken, 200, true).size() > 40);
}

}  // namespace
}  // namespace lafs
