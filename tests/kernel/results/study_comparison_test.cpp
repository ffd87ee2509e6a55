#include "kernel/results/study_comparison.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "kernel/results/study_json.h"
#include "pictures_study.h"
#include "support/error_of.h"

namespace lafs::test {
namespace {

using Counterparts = std::vector<std::optional<size_t>>;

Counterparts counterparts(const Study& study, const std::string& against) { return comparison_of(study, against)->counterparts; }

TEST_CASE("study comparison: with a line, or with the line that has a label and is otherwise alike") {
  const Study study = by_pictures();
  CHECK(counterparts(study, "") == Counterparts{std::nullopt, 0, 0, 0});
  CHECK(counterparts(study, "2, none") == Counterparts{2, 2, std::nullopt, 2});
  CHECK(counterparts(study, "2, n") == Counterparts{2, 2, std::nullopt, 2});
  for (const char* against : {"none", "pre-training=none"}) {
    CAPTURE(against);
    CHECK(counterparts(study, against) == Counterparts{std::nullopt, 0, std::nullopt, 2});
    CHECK(comparison_of(study, against)->name == "pre-training=none");
  }
  CHECK(counterparts(study, "1") == Counterparts{std::nullopt, std::nullopt, 0, 1});
}

TEST_CASE("study comparison: a label that one line has is a label, and lines without a counterpart are known") {
  Study study = by_pictures();
  study.lines.erase(study.lines.begin() + 1);  // "1, DINO"
  const auto comparison = comparison_of(study, "DINO");
  CHECK(comparison->counterparts == Counterparts{std::nullopt, 2, std::nullopt});
  CHECK(comparison->alone == std::vector<size_t>{0});
  const Study one_axis{"", {"start"}, {{{"none"}, {}, {}, {}, {}, {}}, {{"DINO"}, {}, {}, {}, {}, {}}}, {}};
  CHECK(counterparts(one_axis, "DINO") == Counterparts{1, std::nullopt});
  CHECK(counterparts(one_axis, "start=DINO") == Counterparts{1, std::nullopt});
}

TEST_CASE("study comparison: as text and as JSON") {
  Study study = by_pictures();
  CHECK(study_table_text(study_table(study, {.against = "none"}), "text") == R"(few labels

pictures    pre-training  seeds     accuracy, %    difference      p
1           none              2    61.00 ± 1.41
1           DINO              2    64.00 ± 2.83  +3.00 ± 1.00  0.205
2           none              2    70.00 ± 0.00
2           DINO              3  * 80.67 ± 8.33  +6.00 ± 2.00  0.205
raw pixels                                67.07

* best of its column
mean ± standard deviation over 3 seeds
difference: mean ± standard error over seeds in common, from the line with pre-training=none and otherwise the same labels; p: two-sided paired t test, not corrected for 2 comparisons
raw pixels: the same protocol on grey values, compared by correlation; no network
warning: "1, DINO", 1 run: it collapsed
)");
  const auto json = study_table_json(study_table(study, {.against = "none"}));
  CHECK(json.at("against") == "pre-training=none");
  CHECK(json.at("lines").at(3).at("against") == nlohmann::json{"2", "none"});
  CHECK(json.at("lines").at(2).at("against").is_null());
  study.lines.erase(study.lines.begin());
  CHECK(study_table_text(study_table(study, {.against = "none"}), "text")
            .find("1, DINO: no difference, because no line with pre-training=none has otherwise the same labels\n") != std::string::npos);
}

TEST_CASE("study comparison: without a p there is no word on tests") {
  Study study = by_pictures();
  for (StudyLine& line : study.lines) line.seeds.resize(1);
  CHECK(study_table_text(study_table(study, {}), "text").find("seeds in common, from \"1, none\"\n") != std::string::npos);
}

TEST_CASE("study comparison: names that mean nothing, and names that mean several things") {
  Study study = by_pictures();
  const auto error = [&](const std::string& against) { return error_of([&] { comparison_of(study, against); }); };
  CHECK(error("noen") == "no line and no label \"noen\"; did you mean \"none\"?");
  CHECK(error("on") == "\"on\" is a part of the names of 2 lines: \"1, none\" and \"2, none\" among them; give more of it");
  study.lines.resize(2);
  CHECK(error("1") == "nothing can be compared: no line has the same other labels as one with pictures=1");
  for (StudyLine& line : study.lines) line.labels[0] = "none";
  CHECK(error("none") == "\"none\" is a label of several axes: write \"pictures=none\" or \"pre-training=none\"");
  CHECK(counterparts(study, "pre-training=none") == Counterparts{std::nullopt, 0});
}

}  // namespace
}  // namespace lafs::test
