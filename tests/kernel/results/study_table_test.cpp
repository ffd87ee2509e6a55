#include "kernel/results/study_table.h"

#include <doctest/doctest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "kernel/results/study_json.h"
#include "support/error_of.h"

namespace lafs::test {
namespace {

NamedMetrics measured(const std::string& evaluator, double accuracy, double eer) {
  NamedMetrics named{evaluator, {}, 0};
  named.metrics.values = {{.name = "accuracy", .variant = "pixels", .value = 0.5, .unit = Unit::share},
                          {.name = "accuracy", .value = accuracy, .standard_error = 0.01, .unit = Unit::share},
                          {.name = "eer", .value = eer, .unit = Unit::share},
                          {.name = "threshold", .value = 1.25, .headline = false}};
  return named;
}

SeedResults seed(int64_t number, double accuracy, double eer = 0.1) {
  return {number, {{"pretrain", {measured("lfw", 0.5, 0.5)}}, {"finetune", {measured("lfw", accuracy, eer)}}}};
}

/// Two settings of three seeds; the second loses its last seed. Differences of the first two seeds: 0.04 and 0.02.
Study two_lines() {
  Study study{"noise of landmarks", {"noise"}, {}};
  study.lines.push_back({{"0"}, {seed(1, 0.70), seed(2, 0.72), seed(3, 0.74)}, {}, {}, {}});
  study.lines.push_back({{"5"}, {seed(1, 0.74), seed(2, 0.74)}, {"noise=5,seed=3 failed: out of memory"}, {}, {}});
  return study;
}

TEST_CASE("study table: mean and standard deviation over seeds, and a paired test over those in common") {
  const Study study = two_lines();
  const StudyTable table = study_table(study, {});
  REQUIRE(table.columns.size() == 1);
  CHECK(table.columns[0].title == "accuracy");
  const StudyValue& first = *table.values[0][0];
  CHECK(first.mean == doctest::Approx(0.72));
  CHECK(first.deviation == doctest::Approx(0.02));
  CHECK(first.seeds == 3);
  CHECK(!first.difference);
  const StudyValue& second = *table.values[1][0];
  CHECK(second.best);
  CHECK(!first.best);
  REQUIRE(second.difference);
  CHECK(second.difference->seeds == 2);
  CHECK(second.difference->mean == doctest::Approx(0.03));
  CHECK(second.difference->standard_error == doctest::Approx(0.01));
  CHECK(second.difference->p == doctest::Approx(2 / M_PI * std::atan(1 / 3.0)));  // Student's t with one degree of freedom is Cauchy's
}

TEST_CASE("study table: differences that are alike in all seeds have no p, nor has one seed") {
  Study study = two_lines();
  study.lines[1].seeds = {seed(1, 0.70), seed(2, 0.72)};
  CHECK(study_table(study, {}).values[1][0]->difference->mean == 0);
  CHECK(std::isnan(study_table(study, {}).values[1][0]->difference->p));
  study.lines[1].seeds = {seed(1, 0.75), seed(2, 0.77)};
  CHECK(std::isnan(study_table(study, {}).values[1][0]->difference->p));
  study.lines[1].seeds = {seed(1, 0.75)};
  CHECK(std::isnan(study_table(study, {}).values[1][0]->difference->p));
  CHECK(study_table(study, {}).values[1][0]->standard_error == 0.01);
  study.lines[1].seeds = {seed(9, 0.75)};
  CHECK(!study_table(study, {}).values[1][0]->difference);
}

TEST_CASE("study table: metrics, stages and lines are chosen by name") {
  Study study = two_lines();
  study.lines[0].seeds[0].stages[1].second.push_back(measured("cfp", 0.6, 0.2));
  StudyTableOptions options;
  options.metrics = {"-lfw/eer", "cfp/accuracy", "pixels/accuracy", "threshold"};
  options.against = "5";
  const StudyTable table = study_table(study, options);
  REQUIRE(table.against);
  CHECK(table.against->name == "5");
  CHECK(!table.against->is_label);
  CHECK(table.against->counterparts == std::vector<std::optional<size_t>>{1, std::nullopt});
  CHECK(table.columns[0].title == "lfw: eer");
  CHECK(table.columns[0].smaller_is_better);
  CHECK(table.columns[1].title == "cfp: accuracy");
  CHECK(table.values[0][1]->seeds == 1);
  CHECK(!table.values[1][1]);
  CHECK(table.values[0][2]->mean == 0.5);
  options = {};
  options.stage = "pretrain";
  CHECK(study_table(study, options).values[0][0]->mean == 0.5);
  options = {};
  options.all = true;
  const StudyTable all = study_table(study, options);
  CHECK(all.columns.size() == 4);                                   // pixels stand in a line of their own
  for (size_t column = 0; column < all.columns.size(); ++column) {  // an error rate is not best where it is largest
    const bool is_first = all.columns[column].title.ends_with(": accuracy");
    CHECK(all.columns[column].ranked == is_first);
    for (const auto& line : all.values) CHECK((!line[column] || !line[column]->best || is_first));
  }
  CHECK(study_table(two_lines(), {}).columns.size() == 1);
}

TEST_CASE("study table: an evaluator says which values are better") {
  Study study = two_lines();
  for (StudyLine& line : study.lines) {
    for (SeedResults& seed : line.seeds) seed.stages[1].second[0].metrics.values[2].better = Better::smaller;
  }
  study.lines[0].seeds[0].stages[1].second[0].metrics.values[2].value = 0.4;  // the larger error
  for (const char* metric : {"eer", "-eer"}) {
    StudyTableOptions options;
    options.metrics = {metric};
    const StudyTable table = study_table(study, options);
    CHECK(table.columns[0].smaller_is_better);
    CHECK(table.values[1][0]->best);
    CHECK(!table.values[0][0]->best);
  }
  StudyTableOptions all;
  all.all = true;
  const StudyTable table = study_table(study, all);
  REQUIRE(table.columns.size() == 2);  // accuracy, with pixels in a line of their own, and eer
  CHECK(table.columns[0].pixels == 0.5);
  CHECK(table.columns[1].ranked);
  CHECK(table.values[1][1]->best);
}

TEST_CASE("study table: that p says nothing of other people is noted where all seeds are measured on the same pairs") {
  Study study = two_lines();
  const std::string note =
      "all seeds are measured on the same pairs of pictures: p says whether chance in training explains a difference, and nothing of what "
      "other people would give\n";
  CHECK(study_table_text(study_table(study, {}), "text").find(note) == std::string::npos);  // it is not known
  for (StudyLine& line : study.lines) {
    for (SeedResults& seed : line.seeds) seed.stages[1].second[0].metrics.comparisons.pairs = "p1";
  }
  CHECK(study_table_text(study_table(study, {}), "text").find(note) != std::string::npos);
  for (StudyLine& line : study.lines) line.seeds[1].stages[1].second[0].metrics.comparisons.pairs = "p2";
  CHECK(study_table_text(study_table(study, {}), "text").find(note) == std::string::npos);
}

TEST_CASE("study table: runs that were measured on other test data are named, unless their evaluators differ") {
  Study study = two_lines();
  const auto measured_on = [&](size_t line, size_t seed) -> std::string& {
    return study.lines[line].seeds[seed].stages[1].second[0].measured_on;
  };
  CHECK(study_table(study, {}).other_data.empty());
  for (size_t seed = 0; seed < 3; ++seed) measured_on(0, seed) = "f1";
  measured_on(1, 0) = "f1";
  CHECK(study_table(study, {}).other_data.empty());  // of one it is not known
  measured_on(0, 0) = "";                            // the first is an old result
  measured_on(1, 1) = "f2";
  const std::string warning =
      "\"5\" under seed 2 was measured on other test data than \"0\" under seed 2: unless that is meant, measure both again before you "
      "compare "
      "them";
  CHECK(study_table(study, {}).other_data == warning);
  CHECK(study_table_text(study_table(study, {}), "text").ends_with("\nwarning: " + warning + "\n"));
  CHECK(study_table_json(study_table(study, {})).at("warnings").at(0) == warning);
  study.lines[1].seeds[1].stages[1].second.push_back(measured("cfp", 0.6, 0.2));
  CHECK(study_table(study, {}).other_data.empty());
}

TEST_CASE("study table: names that no run has") {
  const Study study = two_lines();
  const auto error = [&](const StudyTableOptions& options) { return error_of([&] { study_table(study, options); }); };
  CHECK(error({.metrics = {"acuracy"}}) == "no run has a value \"acuracy\"; did you mean \"accuracy\"?");
  CHECK(error({.stage = "finetne"}) == "no run has a stage \"finetne\"; did you mean \"finetune\"?");
  CHECK(error({.against = "7"}) == "no line \"7\"; one of \"0\", \"5\"");
  Study alike = study;
  alike.lines[0].labels = {"05"};
  alike.lines[1].labels = {"15"};
  CHECK(error_of([&] { study_table(alike, {.against = "5"}); }) ==
        "\"5\" is a part of the names of 2 lines: \"05\" and \"15\" among them; give more of it");
  CHECK(error_of([&] { study_table_text(study_table(study, {}), "pdf"); }) ==
        "no format \"pdf\" of a table; one of \"text\", \"csv\", \"markdown\", \"latex\", \"html\"");
}

TEST_CASE("study table: published values and their verdict") {
  Study study = two_lines();
  study.lines[0].published = {{"accuracy", 0.80, 0.08, "table 1", "finetune", ""}, {"eer", 0.2, 0.05, "table 1", "pretrain", ""}};
  StudyTableOptions options;
  options.metrics = {"accuracy", "eer"};
  const StudyTable table = study_table(study, options);
  CHECK(table.has_published());
  CHECK(table.values[0][0]->published->value == 0.80);
  CHECK(table.values[0][0]->reproduced);
  CHECK(!table.values[0][1]->published);  // it is of another stage
  CHECK(!table.values[1][0]->published);
}

TEST_CASE("study table: as text") {
  Study study = two_lines();
  study.lines[0].published = {{"accuracy", 0.75, 0.02, "table 1", "", ""}};
  study.lines[0].deviations = {"trained on drawn faces"};
  CHECK(study_table_text(study_table(study, {}), "text") == R"(noise of landmarks

noise       seeds     accuracy, %    difference      p  published  ours - published       verdict
0               3    72.00 ± 2.00                           75.00             -3.00  outside 2.00
5               2  * 74.00 ± 0.00  +3.00 ± 1.00  0.205
raw pixels                  50.00

* best of its column
mean ± standard deviation over 3 seeds
difference: mean ± standard error over seeds in common, from "0"; p: two-sided paired t test, not corrected for 1 comparison
raw pixels: the same protocol on grey values, compared by correlation; no network
0: known deviation: trained on drawn faces
0: published accuracy: table 1
noise=5,seed=3 failed: out of memory
)");
}

TEST_CASE("study table: as Markdown, LaTeX, HTML and CSV") {
  Study study = two_lines();
  study.lines[1].seeds.push_back(seed(3, 0.74));
  study.lines[1].troubles = {};
  study.lines[1].labels = {"5 | <&_%"};
  const StudyTable table = study_table(study, {});
  CHECK(study_table_text(table, "markdown") == R"(**noise of landmarks**

| noise | accuracy, % | difference | p |
|---|--:|--:|--:|
| 0 | 72.00 ± 2.00 |  |  |
| 5 \| <&_% | **74.00 ± 0.00** | +2.00 ± 1.15 | 0.225 |
| raw pixels | 50.00 |  |  |

mean ± standard deviation over 3 seeds

difference: mean ± standard error over seeds in common, from "0"; p: two-sided paired t test, not corrected for 1 comparison

raw pixels: the same protocol on grey values, compared by correlation; no network
)");
  const std::string latex = study_table_text(table, "latex");
  CHECK(latex.starts_with("\\begin{tabular}{lrrr}\n\\hline\nnoise & accuracy, \\% & difference & p \\\\\n\\hline\n"));
  CHECK(latex.find("5 | <\\&\\_\\% & \\textbf{74.00 $\\pm$ 0.00} & +2.00 $\\pm$ 1.15 & 0.225 \\\\\nraw pixels & 50.00 &  &  "
                   "\\\\\n\\hline\n\\end{tabular}\n") != std::string::npos);
  const std::string html = study_table_text(table, "html");
  CHECK(html.find("<td>5 | &lt;&amp;_%</td><td class=\"best\">74.00 ± 0.00</td>") != std::string::npos);
  CHECK(study_table_text(table, "csv")
            .starts_with("noise,metric,unit,seeds,mean,standard_deviation,best,difference,standard_error_of_difference,p,published,"
                         "tolerance,reproduced\n"
                         "0,accuracy,share,3,0.72,"));
  CHECK(study_table_text(table, "csv").ends_with("\nraw pixels,accuracy,share,,0.5,,,,,,,,\n"));
}

TEST_CASE("study table: raw pixels have a line where all runs measured the same of them") {
  Study study = two_lines();
  StudyTableOptions options;
  options.metrics = {"accuracy", "eer"};
  const StudyTable table = study_table(study, options);
  CHECK(table.columns[0].pixels == 0.5);
  CHECK(!table.columns[1].pixels);
  CHECK(study_table_text(table, "csv").find("raw pixels,eer") == std::string::npos);
  Study without = study;
  without.lines[1].seeds[0].stages[1].second[0].metrics.values[0].variant = "cosine";  // a run with baseline = false
  CHECK(!study_table(without, options).columns[0].pixels);
  study.lines[1].seeds[0].stages[1].second[0].metrics.values[0].value = 0.51;  // the run saw other pictures
  CHECK(!study_table(study, options).columns[0].pixels);
  CHECK(study_table_text(study_table(study, options), "text").find("raw pixels") == std::string::npos);
}

TEST_CASE("study table: lines that were measured on different pairs are not compared") {
  Study study = two_lines();
  for (StudyLine& line : study.lines) line.seeds[0].stages[1].second[0].metrics.comparisons.pairs = "same";
  CHECK(!study_table(study, {}).columns[0].other_pairs);
  study.lines[1].seeds[0].stages[1].second[0].metrics.comparisons.pairs = "other";
  const StudyTable table = study_table(study, {});
  CHECK(table.columns[0].other_pairs);
  CHECK(!table.values[1][0]->difference);
  CHECK(!table.values[1][0]->best);
  CHECK(study_table_text(table, "text")
            .find("accuracy: measured on different pairs of pictures, so that no line is compared with another\n") != std::string::npos);
}

TEST_CASE("study table: as JSON") {
  const Study study = two_lines();
  const auto json = study_table_json(study_table(study, {}));
  CHECK(json.at("columns").at(0).at("unit") == "share");
  CHECK(json.at("columns").at(0).at("pixels") == 0.5);
  CHECK(json.at("against") == "0");
  CHECK(json.at("lines").at(1).at("seeds") == nlohmann::json{1, 2});
  CHECK(json.at("lines").at(1).at("troubles").at(0) == "noise=5,seed=3 failed: out of memory");
  CHECK(json.at("lines").at(1).at("values").at(0).at("difference").get<double>() == doctest::Approx(0.03));
}

}  // namespace
}  // namespace lafs::test
