#include "lafs/schedule.h"

#include <doctest/doctest.h>

#include <cmath>
#include <numbers>
#include <vector>

#include "lafs/error.h"
#include "support/error_of.h"

using namespace lafs;

namespace {

/// Ten epochs of four steps, eight images a step.
Timeline time_at(int64_t index) { return {index, index / 4, 40, 40, 4, 10, 32, 8, static_cast<double>(index) / 4}; }

std::vector<double> curve(const Schedule& schedule) {
  std::vector<double> values;
  for (int64_t index = 0; index < 40; ++index) values.push_back(schedule.at(time_at(index)));
  return values;
}

Schedule schedule(const std::string& shape, double from, double to, double warmup_epochs = 0, double warmup_from = 0) {
  Schedule made = cosine(from, to, warmup_epochs);
  made.shape = shape;
  made.warmup_from = warmup_from;
  return made;
}

void check_falls(const std::vector<double>& values, size_t first) {
  for (size_t i = first + 1; i < values.size(); ++i) REQUIRE(values[i] < values[i - 1]);
}

}  // namespace

TEST_CASE("schedule: a number is the same at every step") {
  for (const double value : curve(Schedule(0.3))) CHECK(value == 0.3);
  CHECK(Schedule(0.3) == schedule("constant", 0.3, 0.3));
}

TEST_CASE("schedule: a cosine falls from `from` and does not reach `to` in the last step") {
  const std::vector<double> values = curve(cosine(0.5, 0.1));
  CHECK(values[0] == 0.5);
  CHECK(values[20] == doctest::Approx(0.3));
  check_falls(values, 0);
  CHECK(values[39] > 0.1);
  CHECK(cosine(0.5, 0.1).at(time_at(40)) == doctest::Approx(0.1));
}

TEST_CASE("schedule: the warm-up of a cosine is a line with both ends included") {
  const std::vector<double> values = curve(schedule("cosine", 0.7, 0, 2, 0.1));
  CHECK(values[0] == 0.1);
  CHECK(values[7] == 0.7);
  CHECK(values[8] == 0.7);  // quirk P20: the peak twice
  for (size_t i = 1; i < 8; ++i) CHECK(values[i] - values[i - 1] == doctest::Approx(0.6 / 7));
  check_falls(values, 8);
}

TEST_CASE("schedule: a two-sided cosine has its peak once and ends on `to`") {
  const std::vector<double> values = curve(schedule("two_sided_cosine", 0.8, 0.2, 2, 0));
  CHECK(values[0] == 0);
  CHECK(values[7] < 0.8);
  CHECK(values[8] == 0.8);
  CHECK(values[39] == doctest::Approx(0.2));
  check_falls(values, 8);
}

TEST_CASE("schedule: a line over epochs is constant within each") {
  const std::vector<double> values = curve(schedule("epoch_linear", 0.07, 0, 4, 0.04));
  for (size_t i = 0; i < values.size(); ++i) CHECK(values[i] == values[i / 4 * 4]);
  for (size_t epoch = 0; epoch < 4; ++epoch) CHECK(values[4 * epoch] == doctest::Approx(0.04 + 0.01 * static_cast<double>(epoch)));
  for (size_t i = 16; i < values.size(); ++i) CHECK(values[i] == 0.07);
}

TEST_CASE("schedule: fine-tuning warms up from 0 and falls from the step after the peak") {
  const Schedule made = schedule("finetune", 0.4, 0.1, 2);
  const std::vector<double> values = curve(made);
  for (size_t s = 0; s <= 8; ++s) CHECK(values[s] == doctest::Approx(0.4 * static_cast<double>(s) / 8));
  CHECK(values[9] == 0.4);
  for (size_t s = 9; s < 40; ++s) {
    CHECK(values[s] == doctest::Approx(0.1 + 0.15 * (1 + std::cos(std::numbers::pi * (static_cast<double>(s) - 9) / 32))));
  }
}

TEST_CASE("schedule: corrected fine-tuning trains in the first step and ends on `to`") {
  const std::vector<double> values = curve(schedule("finetune_corrected", 0.4, 0.1, 2));
  for (size_t s = 0; s < 8; ++s) CHECK(values[s] == doctest::Approx(0.4 * static_cast<double>(s + 1) / 8));
  CHECK(values[8] == 0.4);
  check_falls(values, 8);
  CHECK(values[39] == doctest::Approx(0.1));
}

TEST_CASE("schedule: a polynomial falls by its power and ends on `to`") {
  Schedule made = schedule("polynomial", 0.9, 0.1, 2, 0.1);
  std::vector<double> values = curve(made);
  for (size_t s = 0; s <= 8; ++s) CHECK(values[s] == doctest::Approx(0.1 + 0.1 * static_cast<double>(s)));
  for (size_t s = 8; s < 40; ++s) CHECK(values[s] == doctest::Approx(0.9 - 0.8 * (static_cast<double>(s) - 8) / 31));
  made.power = 2;
  values = curve(made);
  CHECK(values[8] == 0.9);
  CHECK(values[24] == doctest::Approx(0.1 + 0.8 * std::pow(15.0 / 31, 2)));
  CHECK(values[39] == doctest::Approx(0.1));
  CHECK(made.at(time_at(41)) == doctest::Approx(0.1));  // never past the end, also of a run that was made longer
}

TEST_CASE("schedule: several steps multiply at the milestones, which may lie within an epoch") {
  Schedule made = schedule("multi_step", 0.8, 0, 1, 0);
  made.milestones = {2, 5.5, 9};
  made.factor = 0.5;
  const std::vector<double> values = curve(made);
  for (size_t s = 0; s < 40; ++s) {
    const double wanted = s < 4 ? 0.2 * static_cast<double>(s) : s < 8 ? 0.8 : s < 22 ? 0.4 : s < 36 ? 0.2 : 0.1;
    CHECK(values[s] == doctest::Approx(wanted));
  }
}

TEST_CASE("schedule: one cycle rises to its peak and falls to the end") {
  Schedule made = schedule("one_cycle", 1, 0.1, 0, 0.2);
  const std::vector<double> values = curve(made);  // the peak is step 0.3 * 40 - 1
  CHECK(values[0] == doctest::Approx(0.2));
  CHECK(values[11] == doctest::Approx(1));
  CHECK(values[39] == doctest::Approx(0.1));
  for (size_t s = 1; s <= 11; ++s) CHECK(values[s] > values[s - 1]);
  check_falls(values, 11);
  CHECK(values[25] == doctest::Approx(0.55));
}

TEST_CASE("schedule: the peak of one cycle may lie between two steps") {
  Schedule made = schedule("one_cycle", 1, 0, 0, 0.5);
  made.peak_at = 0.25;
  const auto at = [&](int64_t index) { return made.at({index, 0, 10, 10, 1, 80, 8}); };  // the peak is at 1.5 of 10 steps
  CHECK(at(0) == doctest::Approx(0.5));
  CHECK(at(1) == doctest::Approx(1 - 0.25 * (1 + std::cos(std::numbers::pi / 1.5))));
  CHECK(at(2) == doctest::Approx(0.5 * (1 + std::cos(std::numbers::pi * 0.5 / 7.5))));
  CHECK(at(9) == doctest::Approx(0));
  made.peak_at = 0.1;  // at step 0
  CHECK(at(0) == 1);
}

TEST_CASE("schedule: a run that ends inside an epoch has a fractional length") {
  // 2.5 epochs of 32 images, 8 a step: the rate falls over (2.5 - 1) * 32 div 8 = 6 steps after the warm-up of 4.
  const Schedule made = schedule("finetune", 0.4, 0, 1);
  const Timeline time{10, 2, 10, 10, 4, 2.5, 32, 8, 2.5};
  CHECK(made.at(time) == doctest::Approx(0.2 * (1 + std::cos(std::numbers::pi * 5 / 6))));
}

TEST_CASE("schedule: each shape has its own keys") {
  CHECK(schedule("polynomial", 1, 0).takes("power"));
  CHECK_FALSE(schedule("cosine", 1, 0).takes("power"));
  CHECK_FALSE(schedule("multi_step", 1, 0).takes("to"));
  CHECK_FALSE(schedule("one_cycle", 1, 0).takes("warmup_epochs"));
  CHECK_FALSE(Schedule(1).takes("to"));
  for (const std::string& shape : schedule_shapes()) {
    CAPTURE(shape);
    CHECK(schedule(shape, 1, 0).takes("from"));
  }
}

TEST_CASE("schedule: without a warm-up every shape starts at its peak, and a run of one step has a value") {
  for (const char* shape : {"constant", "cosine", "two_sided_cosine", "epoch_linear", "finetune_corrected", "polynomial", "multi_step"}) {
    CAPTURE(shape);
    CHECK(schedule(shape, 0.4, 0.1).at(time_at(0)) == 0.4);
    CHECK(schedule(shape, 0.4, 0.1).at({0, 0, 1, 1, 1, 8, 8}) == 0.4);
  }
}

TEST_CASE("schedule: the peak learning rate follows the rule of the recipe") {
  CHECK(scaled_lr("none", 0.1, 64, 4) == 0.1);
  CHECK(scaled_lr("linear_256", 0.1, 64, 4) == 0.1);
  CHECK(scaled_lr("linear_256", 0.1, 64, 2) == doctest::Approx(0.05));
  CHECK(scaled_lr("lafs_sqrt", 0.1, 336, 480) == doctest::Approx(33.6));
  CHECK(scaled_lr("lafs_sqrt", 0.1, 84, 480) == doctest::Approx(16.8));
}

TEST_CASE("schedule: unknown words are errors") {
  CHECK(test::error_of([] { schedule("square", 1, 0).at(time_at(0)); }) == "schedule shape \"square\" is unknown");
  CHECK(test::error_of([] { scaled_lr("cubic", 1, 1, 1); }) == "scale rule \"cubic\" is unknown");
}
