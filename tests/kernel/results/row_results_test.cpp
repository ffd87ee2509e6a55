#include "kernel/results/row_results.h"

#include <doctest/doctest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "kernel/results/results_json.h"
#include "support/run_folder.h"

namespace lafs {
namespace {

NamedMetrics measured(double accuracy) {
  NamedMetrics lfw{"lfw", {}, 0};
  lfw.metrics.values = {{"accuracy", "", accuracy, 0, 6000, Unit::share}, {.name = "threshold", .value = 1.4, .headline = false}};
  lfw.metrics.curves = {{"roc", "far", "tar", {0, 1}, {0, 1}}};
  return lfw;
}

Row two_stages() {
  Row row;
  row.file = "row.toml";
  row.folder = "/runs/row";
  row.title = "two";
  row.identity = "abc";
  row.stages.resize(2);
  row.stages[0].name = "first";
  row.stages[1].name = "second";
  row.place_stages({"/runs/row/first", "/runs/row/second"});
  row.published.push_back({"accuracy", 0.8, 0.05, "table 1", "first", "", "known: x"});
  row.published.push_back({"accuracy", 0.9, 0.01, "", "", "", ""});
  row.published.push_back({"rank1", 0.5, 0, "", "second", "lfw", ""});
  return row;
}

StageResults both() {
  return {{"first", results_json({measured(0.75)}, 12, "last")}, {"second", results_json({measured(0.85)}, 6, "last")}};
}

TEST_CASE("row results: all stages stand in one table, published values under it") {
  CHECK(row_table(row_results_json(two_stages(), both())) ==
        "evaluator    metric    value       n\n"
        "──────────────────────────────────────\n"
        "first: lfw   accuracy  75.00 %  6000\n"
        "second: lfw  accuracy  85.00 %  6000\n"
        "published accuracy of first: 80.00 % (table 1); measured 75.00 %, within the tolerance of 5.00 %\n"
        "published accuracy of second: 90.00 %; measured 85.00 %, further off than the tolerance of 1.00 %\n"
        "published rank1 of second: 0.5000; not measured\n");
}

TEST_CASE("row results: what is known to differ from the published run stands at the end") {
  Row row = two_stages();
  row.deviations = {"another seed"};
  const auto json = row_results_json(row, both());
  CHECK(json.at("deviations") == nlohmann::json{"another seed"});
  CHECK(json.at("published").at(0).at("status") == "known: x");
  CHECK(json.at("published").at(2).at("evaluator") == "lfw");
  CHECK(row_table(json).ends_with("published rank1 of second: 0.5000; not measured\nknown deviation: another seed\n"));
}

TEST_CASE("row results: the JSON names each stage's folder and leaves curves to it") {
  const auto row = row_results_json(two_stages(), both());
  CHECK(row.at("stages").at(1).at("folder") == "/runs/row/second");
  CHECK(row.at("stages").at(0).at("step") == 12);
  CHECK(!row.at("stages").at(0).at("evaluators").at(0).contains("curves"));
  CHECK(row.at("published").at(0).at("reproduced") == true);
  CHECK(row.at("published").at(1).at("reproduced") == false);
  CHECK(row.at("published").at(2).at("reproduced").is_null());
  const auto first_only = row_results_json(two_stages(), {both().front()});
  CHECK(first_only.at("stages").size() == 1);
  CHECK(first_only.at("published").at(1).at("measured").is_null());
}

TEST_CASE("row results: the file is written whole") {
  const test::RunFolder folder;
  write_row_results(folder.path, row_results_json(two_stages(), both()));
  CHECK(nlohmann::json::parse(folder.read("results.json")).at("title") == "two");
}

TEST_CASE("results: what was written is read back, headlines and missing numbers too") {
  NamedMetrics set = measured(0.5);
  set.metrics.values.push_back({"overlap", "", std::nan(""), 0, 0, Unit::pixels});
  set.metrics.notes = {"a note"};
  const auto read = results_of(results_json({set}, 1, "last"));
  REQUIRE(read.size() == 1);
  CHECK(read[0].name == "lfw");
  CHECK(read[0].metrics.notes == set.metrics.notes);
  REQUIRE(read[0].metrics.values.size() == 3);
  CHECK(read[0].metrics.values[0].headline);
  CHECK(read[0].metrics.values[0].n == 6000);
  CHECK(!read[0].metrics.values[1].headline);
  CHECK(std::isnan(read[0].metrics.values[2].value));
  CHECK(read[0].metrics.values[2].unit == Unit::pixels);
}

}  // namespace
}  // namespace lafs
