#include "kernel/results/results_json.h"

#include <doctest/doctest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "kernel/results/results_table.h"
#include "support/run_folder.h"

namespace lafs {
namespace {

std::vector<NamedMetrics> two_sets() {
  NamedMetrics lfw{"lfw", {}, 1.5};
  lfw.metrics.values = {{"accuracy", "", 0.99832, 0.0012, 6000, Unit::share, Better::larger},
                        {"tar@far=0.001", "", 0.9971, 0, 3000, Unit::share},
                        {.name = "threshold", .value = 1.41234, .headline = false},
                        {"accuracy", "pixels", 0.61, 0, 6000, Unit::share}};
  lfw.metrics.curves = {{"roc", "pixels", "far", "tar", {0, 1}, {0.5, 1}}};
  lfw.metrics.notes = {"pixels scaled as lafs, flip sum"};
  lfw.metrics.lists = {{"false accepts", {{"pair 17: a/1.jpg b/2.jpg, impostor", 0.81, {"a/1.jpg", "b/2.jpg"}}}}};
  NamedMetrics landmarks{"landmarks", {}, 0};
  landmarks.metrics.values = {{"distance", "", 2.5, 0.25, 10, Unit::pixels},
                              {"overlap", "", std::nan(""), 0, 0, Unit::share},
                              {"share", "", 12.345, 0, 0, Unit::percent}};
  return {lfw, landmarks};
}

TEST_CASE("results: the table aligns numbers and shows shares in percent") {
  CHECK(results_table(two_sets()) ==
        "evaluator  metric         model                   pixels      n\n"
        "─────────────────────────────────────────────────────────────────\n"
        "lfw        accuracy       99.83 % ± 0.12          61.00 %  6000\n"
        "           tar@far=0.001  99.71 %                          3000\n"
        "landmarks  distance       2.5000 pixels ± 0.2500             10\n"
        "           overlap        -\n"
        "           share          12.35 %\n");
  CHECK(results_table({}) == "evaluator  metric  value  n\n");
}

TEST_CASE("results: a model that is no better than raw pixels is noted") {
  std::vector<NamedMetrics> sets = two_sets();
  const std::string note = "\nnote: lfw: the model is no better than comparing raw pixels (accuracy)\n";
  sets[0].metrics.values[0].value = 0.61;
  CHECK(results_table(sets).ends_with(note));
  sets[0].metrics.values[0].value = 0.62;
  CHECK(results_table(sets).find("no better") == std::string::npos);
  sets[0].metrics.values[0].better = Better::smaller;
  CHECK(results_table(sets).ends_with(note));
  sets[0].metrics.values[0].better = Better::unknown;
  CHECK(results_table(sets).find("no better") == std::string::npos);
}

TEST_CASE("results: a warning of several evaluators stands below the table once") {
  std::vector<NamedMetrics> sets = two_sets();
  sets[0].metrics.warnings = {"few pairs", "all alike"};
  sets[1].metrics.warnings = {"few pairs"};
  CHECK(results_table(sets).ends_with("\nwarning: lfw; landmarks: few pairs\nwarning: lfw: all alike\n"));
}

TEST_CASE("results: a metric reads as people quote it") {
  const auto text = [](double value, double error, Unit unit) {
    return metric_text({.value = value, .standard_error = error, .unit = unit});
  };
  CHECK(text(0.9983, 0.0012, Unit::share) == "99.83 % ± 0.12");
  CHECK(text(0.61, 0, Unit::share) == "61.00 %");
  CHECK(text(12.5, 0.25, Unit::percent) == "12.50 % ± 0.25");
  CHECK(text(0.5, 0, Unit::none) == "0.5000");
  CHECK(text(2, 0, Unit::seconds) == "2.0000 s");
  CHECK(text(std::nan(""), 0, Unit::share) == "-");
}

TEST_CASE("results: the file holds values with spread, notes and the hardest items") {
  const test::RunFolder folder;
  write_results(folder.path, two_sets(), 120, "best", {{"checkpoint", "checkpoints/best"}});
  const auto read = nlohmann::json::parse(folder.read("results.json"));
  CHECK(read["step"] == 120);
  CHECK(read["which"] == "best");
  CHECK(read["checkpoint"] == "checkpoints/best");
  const auto& lfw = read["evaluators"][0];
  CHECK(lfw["name"] == "lfw");
  CHECK(lfw["seconds"] == 1.5);
  CHECK(lfw["values"][0] == nlohmann::json{{"name", "accuracy"},
                                           {"variant", ""},
                                           {"value", 0.99832},
                                           {"standard_error", 0.0012},
                                           {"n", 6000},
                                           {"unit", "share"},
                                           {"better", "larger"}});
  CHECK(lfw["values"][3]["name"] == "pixels/accuracy");
  CHECK(lfw["values"][3]["variant"] == "pixels");
  CHECK(lfw["notes"][0] == "pixels scaled as lafs, flip sum");
  CHECK(lfw["lists"][0]["items"][0]["what"] == "pair 17: a/1.jpg b/2.jpg, impostor");
  CHECK(read["evaluators"][1]["values"][1]["value"].is_null());
}

TEST_CASE("results: what was written is read back") {
  const auto read = results_of(results_json(two_sets(), 1, "last"));
  REQUIRE(read.size() == 2);
  CHECK(read[0].name == "lfw");
  CHECK(read[0].metrics.values[3].name == "accuracy");
  CHECK(read[0].metrics.values[3].variant == "pixels");
  CHECK(read[0].metrics.values[3].unit == Unit::share);
  CHECK_FALSE(read[0].metrics.values[2].headline);
  CHECK(read[0].metrics.values[0].better == Better::larger);
  CHECK(read[0].metrics.values[2].better == Better::unknown);
  CHECK(read[0].metrics.curves[0].variant == "pixels");
  CHECK(read[0].metrics.curves[0].y == std::vector<double>{0.5, 1});
  CHECK(read[0].metrics.lists[0].items[0].score == 0.81);
  CHECK(read[0].metrics.lists[0].items[0].pictures == std::vector<std::string>{"a/1.jpg", "b/2.jpg"});
  CHECK(read[0].metrics.notes == two_sets()[0].metrics.notes);
  CHECK(std::isnan(read[1].metrics.values[1].value));
}

TEST_CASE("results: a file of before variants had a field is read by its names") {
  const auto old = nlohmann::json::parse(
      R"({"evaluators":[{"name":"lfw","seconds":1,"values":[{"name":"pixels/accuracy","value":0.61,"standard_error":0,"n":6,"unit":""}]}]})");
  const Metric metric = results_of(old).at(0).metrics.values.at(0);
  CHECK(metric.variant == "pixels");
  CHECK(metric.name == "accuracy");
  CHECK(metric.full_name() == "pixels/accuracy");
  CHECK(metric_text(metric) == "61.00 %");
}

TEST_CASE("results: a long curve keeps 200 points and both its ends") {
  NamedMetrics one{"lfw", {}, 0};
  Curve curve{"roc", "", "far", "tar", {}, {}};
  for (int i = 0; i <= 5000; ++i) {
    curve.x.push_back(i);
    curve.y.push_back(2 * i);
  }
  one.metrics.curves = {curve, {"short", "", "x", "y", {1, 2}, {3, 4}}};
  const auto curves = results_json({one}, 1, "last")["evaluators"][0]["curves"];
  CHECK(curves[0]["x"].size() == 200);
  CHECK(curves[0]["x"].front() == 0);
  CHECK(curves[0]["x"].back() == 5000);
  CHECK(curves[0]["y"].back() == 10000);
  CHECK(curves[1]["y"] == nlohmann::json{3.0, 4.0});
}

}  // namespace
}  // namespace lafs
