#include "kernel/results/averaged_study.h"

#include <doctest/doctest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "kernel/results/study_json.h"
#include "pictures_study.h"
#include "support/error_of.h"

namespace lafs::test {
namespace {

TEST_CASE("averaged study: means over an axis are taken in each seed") {
  const Study study = averaged_over("pictures", by_pictures(), "");
  CHECK(study.label_names == std::vector<std::string>{"pre-training"});
  const StudyTable table = study_table(study, {.against = "pre-training=none"});
  CHECK(table.values[0][0]->mean == doctest::Approx(0.655));
  CHECK(table.values[1][0]->mean == doctest::Approx(0.70));
  CHECK(table.values[1][0]->deviation == doctest::Approx(0.04 / std::sqrt(2)));
  CHECK(table.values[1][0]->difference->mean == doctest::Approx(0.045));  // 0.03 and 0.06
  CHECK(table.values[1][0]->difference->standard_error == doctest::Approx(0.015));
  CHECK(table.columns[0].pixels == 0.6707);
}

TEST_CASE("averaged study: the whole table, with what is left out and what runs said") {
  Study study = by_pictures();
  study.lines[2].deviations = {"trained on drawn faces"};
  study.lines.push_back({{"4", "none"}, {measured_seed(1, 0.9), measured_seed(2, 0.9)}, {}, {}, {}, {}});
  const Study mean = averaged_over("pictures", study, "finetune");
  CHECK(study_table_text(study_table(mean, {.stage = "finetune"}), "text") == R"(few labels

pre-training     accuracy, %    difference      p
none            65.50 ± 0.71
DINO          * 70.00 ± 2.83  +4.50 ± 1.50  0.205
raw pixels             67.07

* best of its column
each value is the mean over pictures (1, 2), taken in each seed
pictures = 4 is left out of it, because not all lines have it
mean ± standard deviation over 2 seeds
difference: mean ± standard error over seeds in common, from "none"; p: two-sided paired t test, not corrected for 1 comparison
raw pixels: the same protocol on grey values, compared by correlation; no network
none: known deviation: trained on drawn faces
DINO: seed 3 is not in the mean, because "1, DINO" lacks it
warning: "DINO", as "1, DINO", 1 run: it collapsed
)");
  CHECK(study_table_text(study_table(mean, {}), "latex").find("% each value is the mean over pictures (1, 2), taken in each seed\n") !=
        std::string::npos);
  CHECK(study_table_json(study_table(mean, {})).at("average").at("left_out") == nlohmann::json{"4"});
}

TEST_CASE("averaged study: what one line lacks is left out, whichever comes first") {
  Study study = by_pictures();
  study.lines[0].seeds[0].stages[0].second[0].metrics.values.pop_back();
  for (const bool turned : {false, true}) {
    if (turned) std::swap(study.lines[0], study.lines[2]);
    const Study mean = averaged_over("pictures", study, "");
    CHECK(study_table(mean, {.metrics = {"accuracy"}}).values[0][0]->seeds == 1);
    CHECK(mean.lines[0].troubles == std::vector<std::string>{"none: \"lfw/accuracy\" is not in the mean, because \"1, none\" lacks it"});
  }
  study = by_pictures();
  study.lines[0].seeds.clear();
  CHECK(averaged_over("pictures", study, "").lines[0].troubles ==
        std::vector<std::string>{"none: seeds 1, 2 are not in the mean, because \"1, none\" lacks them"});
  study = by_pictures();
  study.lines[0].seeds[0].stages.front().first = "other";  // the last stage of its line, all the same
  CHECK(study_table(averaged_over("pictures", study, ""), {}).values[0][0]->seeds == 2);
  CHECK(averaged_over("pictures", study, "finetune").lines[0].troubles ==
        std::vector<std::string>{"none: seed 1 is not in the mean, because \"1, none\" lacks it"});
}

TEST_CASE("averaged study: one seed has no spread") {
  Study study = by_pictures();
  for (StudyLine& line : study.lines) line.seeds.resize(1);
  const std::string text = study_table_text(study_table(averaged_over("pictures", study, ""), {}), "text");
  CHECK(text.find("one seed: nothing is known of the spread\n") != std::string::npos);
  CHECK(text.find("(±") == std::string::npos);
}

TEST_CASE("averaged study: an axis or a stage that is not there, the only axis, and nothing in common") {
  Study study = by_pictures();
  const auto error = [&](const std::string& axis, const std::string& stage) {
    return error_of([&] { averaged_over(axis, study, stage); });
  };
  CHECK(error("pretraining", "") == "no axis \"pretraining\"; did you mean \"pre-training\"?");
  CHECK(error("pictures", "finetne") == "no run has a stage \"finetne\"; did you mean \"finetune\"?");
  study.lines.erase(study.lines.begin() + 1, study.lines.begin() + 3);  // "1, none" and "2, DINO" are left
  CHECK(error("pictures", "") == "no label of \"pictures\" is there for all lines, so that their means cannot be compared");
  study = averaged_over("pictures", by_pictures(), "");
  CHECK(error("pre-training", "") == "\"pre-training\" is the only axis: a mean over it leaves nothing to compare");
}

}  // namespace
}  // namespace lafs::test
