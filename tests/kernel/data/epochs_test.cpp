#include "kernel/data/epochs.h"

#include <doctest/doctest.h>

#include "lafs/error.h"

namespace lafs {
namespace {

RunOptions length_options(int64_t batch, int64_t accumulate, int64_t epochs) {
  RunOptions run;
  run.batch = batch;
  run.accumulate = accumulate;
  run.epochs = epochs;
  return run;
}

TEST_CASE("epochs: tails of epochs are dropped, and steps of epochs counted") {
  const Epochs epochs(length_options(8, 1, 3), 50);
  CHECK(epochs.batches_per_epoch == 6);
  CHECK(epochs.steps == 18);
  CHECK(epochs.total == 18);
  CHECK(epochs.timeline().steps_per_epoch == 6);
  CHECK(epochs.timeline().images == 50);
  CHECK(epochs.timeline().step_images == 8);
}

TEST_CASE("epochs: micro-batches left at the end of an epoch go into the next one's first step") {
  const Epochs epochs(length_options(8, 4, 3), 50);  // 6 an epoch, 18 in all
  CHECK(epochs.total == 4);
  CHECK(epochs.timeline().steps_per_epoch == 1);
  CHECK(epochs.timeline().step_images == 32);
}

TEST_CASE("epochs: [run] steps stops early and leaves the schedules as they are") {
  RunOptions run = length_options(8, 1, 3);
  run.steps = 5;
  CHECK(Epochs(run, 50).steps == 5);
  CHECK(Epochs(run, 50).total == 18);
  CHECK_THROWS_WITH_AS(Epochs(length_options(1, 1, 1000000000), 10000000000),
                       "[run] epochs = 1000000000 over 10000000000 images are more micro-batches than can be counted", Error);
  run.steps = 500;
  CHECK(Epochs(run, 50).steps == 18);
}

TEST_CASE("epochs: [run] total_steps gives run and schedules another length than epochs") {
  RunOptions run = length_options(8, 2, 3);
  run.total_steps = 10;
  const Epochs epochs(run, 50);  // 6 micro-batches an epoch, 20 in all
  CHECK(epochs.total == 10);
  CHECK(epochs.steps == 10);
  CHECK(epochs.count == doctest::Approx(20.0 / 6));
  CHECK(epochs.begun() == 4);
  CHECK(epochs.timeline(3).epochs == doctest::Approx(20.0 / 6));
  CHECK(epochs.timeline(3).epochs_done == doctest::Approx(1));
  run.steps = 4;
  CHECK(Epochs(run, 50).steps == 4);
  CHECK(Epochs(run, 50).total == 10);
  run.total_steps = 1000000000000000;
  run.accumulate = 1000000;
  CHECK_THROWS_WITH_AS(Epochs(run, 50), "[run] total_steps = 1000000000000000 of 1000000 micro-batches each are more than can be counted",
                       Error);
}

TEST_CASE("epochs: a run without a whole step is an error with its numbers") {
  CHECK_THROWS_WITH_AS(Epochs(length_options(51, 1, 3), 50), "[run] batch = 51 is larger than the training data, which has 50 images",
                       Error);
  CHECK_THROWS_WITH_AS(Epochs(length_options(25, 7, 3), 50), "the whole run has 6 micro-batches, fewer than [run] accumulate = 7", Error);
}

TEST_CASE("epochs: a step lies in the epoch of its first micro-batch") {
  const Epochs epochs(length_options(8, 4, 3), 50);  // micro-batches 0..5, 6..11, 12..17
  CHECK(epochs.timeline(0).epoch == 0);
  CHECK(epochs.timeline(1).epoch == 0);  // 4..7
  CHECK(epochs.timeline(2).epoch == 1);  // 8..11
  CHECK(epochs.timeline(3).epoch == 2);  // 12..15
  CHECK(epochs.timeline(3).index == 3);
}

TEST_CASE("epochs: a step that ends an epoch crosses it, once") {
  const Epochs epochs(length_options(8, 1, 3), 50);
  for (int64_t step = 0; step < 18; ++step) {
    CAPTURE(step);
    CHECK(epochs.crosses(step, 1) == (step % 6 == 5));
    CHECK(epochs.crosses(step, 0.5) == (step % 3 == 2));
    CHECK_FALSE(epochs.crosses(step, 0));
  }
}

}  // namespace
}  // namespace lafs
