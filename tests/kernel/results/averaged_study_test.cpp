#include "kernel/results/averaged_study.h"

#include <doctest/doctest.h>

#include <cmath>

#include "support/error_of.h"

namespace lafs::test {
namespace {

SeedResults seed(int64_t number, double accuracy) {
  NamedMetrics named{"lfw", {}, 0};
  named.metrics.values = {{.name = "accuracy", .variant = "pixels", .value = 0.5, .unit = Unit::share},
                          {.name = "accuracy", .value = accuracy, .standard_error = 0.01, .unit = Unit::share}};
  return {number, {{"finetune", {named}}}};
}

/// Pictures per person by pre-training. DINO is 0.02 and 0.04 ahead of nothing with one picture, 0.04 and 0.08 with two.
Study by_pictures() {
  Study study{"few labels", {"pictures", "pre-training"}, {}, {}};
  study.lines.push_back({{"1", "none"}, {seed(1, 0.60), seed(2, 0.62)}, {}, {}, {}, {}});
  study.lines.push_back({{"1", "DINO"}, {seed(1, 0.62), seed(2, 0.66)}, {}, {}, {}, {"1 run: it collapsed"}});
  study.lines.push_back({{"2", "none"}, {seed(1, 0.70), seed(2, 0.70)}, {}, {}, {}, {}});
  study.lines.push_back({{"2", "DINO"}, {seed(1, 0.74), seed(2, 0.78), seed(3, 0.9)}, {}, {}, {}, {}});
  return study;
}

TEST_CASE("study table: each line is compared with the one that has a label in place of its own") {
  const Study study = by_pictures();
  for (const char* against : {"none", "pre-training=none"}) {
    CAPTURE(against);
    const StudyTable table = study_table(study, {.against = against});
    REQUIRE(table.against);
    CHECK(table.against->with == std::vector<std::optional<size_t>>{std::nullopt, 0, std::nullopt, 2});
    CHECK(table.values[1][0]->difference->mean == doctest::Approx(0.03));
    CHECK(table.values[3][0]->difference->mean == doctest::Approx(0.06));
    CHECK(!table.values[2][0]->difference);
  }
  const StudyTable by_axis = study_table(study, {.against = "1"});
  CHECK(by_axis.values[2][0]->difference->mean == doctest::Approx(0.09));
  CHECK(study_table(study, {.against = "2, none"}).against->with[0] == 2);
  CHECK(study_table_text(study_table(study, {.against = "none"}), "text") == R"(few labels

pictures    pre-training  seeds     accuracy, %    difference      p
1           none              2    61.00 ± 1.41
1           DINO              2    64.00 ± 2.83  +3.00 ± 1.00  0.205
2           none              2    70.00 ± 0.00
2           DINO              3  * 80.67 ± 8.33  +6.00 ± 2.00  0.205
raw pixels                                50.00

* best of its column
mean ± standard deviation over 3 seeds
difference: mean ± standard error over seeds in common, from "none" with the same other settings; p: two-sided paired t test, not corrected for 2 comparisons
raw pixels: the same protocol on grey values, compared by correlation; no network
warning: "1, DINO", 1 run: it collapsed
)");
}

TEST_CASE("study table: a label of two axes says which one is meant") {
  Study study = by_pictures();
  for (StudyLine& line : study.lines)
    if (line.labels[0] == "1") line.labels[0] = "none";
  CHECK(error_of([&] { study_table(study, {.against = "none"}); }) ==
        "\"none\" is a label of several axes; write \"pictures=none\" or \"pre-training=none\"");
  CHECK(study_table(study, {.against = "pre-training=none"}).values[3][0]->difference->mean == doctest::Approx(0.06));
}

TEST_CASE("averaged study: means over an axis are taken seed by seed") {
  const Study study = averaged_over("pictures", by_pictures());
  CHECK(study.title == "few labels; mean over pictures (1, 2)");
  CHECK(study.label_names == std::vector<std::string>{"pre-training"});
  const StudyTable table = study_table(study, {});
  CHECK(table.values[0][0]->mean == doctest::Approx(0.655));
  CHECK(table.values[1][0]->mean == doctest::Approx(0.70));
  CHECK(table.values[1][0]->deviation == doctest::Approx(0.04 / std::sqrt(2)));
  CHECK(table.values[1][0]->difference->mean == doctest::Approx(0.045));  // 0.03 and 0.06
  CHECK(table.values[1][0]->difference->standard_error == doctest::Approx(0.015));
  CHECK(table.columns[0].pixels == doctest::Approx(0.5));
  CHECK(study.lines[1].troubles == std::vector<std::string>{"DINO: seed 3 left out of the mean, which not all of its lines have"});
  CHECK(study.lines[1].warnings == std::vector<std::string>{"1, DINO: 1 run: it collapsed"});
}

TEST_CASE("averaged study: values that not all lines have, and lines that lack a value of the axis") {
  Study study = by_pictures();
  study.lines[0].seeds[0].stages[0].second[0].metrics.values.pop_back();
  CHECK(study_table(averaged_over("pictures", study), {}).values[0][0]->seeds == 1);
  study.lines.pop_back();
  CHECK(averaged_over("pictures", study).lines[1].troubles ==
        std::vector<std::string>{"DINO: the mean is over 1 of 2 values of \"pictures\" only"});
}

TEST_CASE("averaged study: an axis that is not there, and the only one") {
  const Study study = by_pictures();
  CHECK(error_of([&] { averaged_over("pretraining", study); }) == "no axis \"pretraining\"; did you mean \"pre-training\"?");
  CHECK(error_of([&] { averaged_over("pre-training", averaged_over("pictures", study)); }) ==
        "\"pre-training\" is the only axis: its mean has nothing to be compared with");
}

}  // namespace
}  // namespace lafs::test
