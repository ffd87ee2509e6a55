#include "nn/train/collapse_watch.h"

#include <vector>

#include <doctest/doctest.h>

#include "support/training.h"

using namespace lafs;

namespace {

std::vector<int64_t> looks(int64_t total, int64_t every, std::vector<std::string>* notes = nullptr) {
  test::HandStep hand;
  hand.step.time.total = 10 * total;  // the schedules of a run that is cut short
  hand.step.time.steps = total;
  const nn::CollapseWatch watch(every);
  std::vector<int64_t> due;
  for (int64_t index = 0; index < total; ++index) {
    hand.step.time.index = index;
    if (watch.due(hand.step)) due.push_back(index);
  }
  if (notes) *notes = hand.reporter.notes;
  return due;
}

}  // namespace

TEST_CASE("collapse watch: it looks every so many steps, in a short run every tenth of it, and at the end") {
  CHECK(looks(1000, 300) == std::vector<int64_t>{100, 200, 300, 400, 500, 600, 700, 800, 900, 999});
  CHECK(looks(1000, 90).size() == 12);
  CHECK(looks(1000, 90).front() == 90);
  CHECK(looks(25, 50) == std::vector<int64_t>{2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24});
  CHECK(looks(10, 50) == std::vector<int64_t>{1, 2, 3, 4, 5, 6, 7, 8, 9});
}

TEST_CASE("collapse watch: a run that is too short says so once") {
  std::vector<std::string> notes;
  CHECK(looks(9, 50, &notes).empty());
  CHECK(notes == std::vector<std::string>{"a run of 9 steps is too short to look for a collapse, which takes 10"});
  CHECK_FALSE(looks(10, 50, &notes).empty());
  CHECK(notes.empty());
}
