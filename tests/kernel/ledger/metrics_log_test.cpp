#include "kernel/ledger/metrics_log.h"

#include <doctest/doctest.h>

#include <cmath>
#include <fstream>

#include "lafs/error.h"
#include "support/run_folder.h"

namespace lafs {
namespace {

StepRecord record(int64_t step) { return {step, step / 10, 0.5, 0.25, 0.125, 2, 100, {{"accuracy", 0.75}, {"loss", 3}}}; }

std::string step_line(int64_t step) {
  return R"({"step":)" + std::to_string(step) + R"(,"epoch":)" + std::to_string(step / 10) +
         R"(,"loss":0.5,"lr":0.25,"weight_decay":0.125,"gradient_norm":2.0,"images_per_second":100.0,"accuracy":0.75,"objective/loss":3.0})"
         "\n";
}

NamedMetrics lfw() {
  NamedMetrics out{"lfw", {}, 0};
  out.metrics.values = {{"accuracy", "", 0.75, 0.5, 600, Unit::share}, {"threshold", "", 1.5}, {"auc", "", 0.875}};
  return out;
}

TEST_CASE("metrics log: a step and an evaluation are a line each") {
  const test::RunFolder folder;
  MetricsLog log(folder.path / "deep", 0);
  log.step(record(10));
  log.evaluation(11, {lfw()});
  CHECK(folder.read("deep/metrics.jsonl") ==
        step_line(10) + R"({"step":11,"evaluation":"lfw","accuracy":0.75,"accuracy_error":0.5,"threshold":1.5,"auc":0.875})"
                        "\n");
}

TEST_CASE("metrics log: what an objective says is a line of its step, and goes with it when a run resumes before it") {
  const test::RunFolder folder;
  {
    MetricsLog log(folder.path, 0);
    for (const int64_t step : {10, 20}) {
      log.step(record(step));
      CHECK(log.note(step, "it says \"the same\"") == "step " + std::to_string(step) + ": it says \"the same\"");
    }
  }
  CHECK(metrics_fault(folder.path).empty());
  const MetricsLog log(folder.path, 20);
  CHECK(folder.read("metrics.jsonl") == step_line(10) + R"({"step":10,"note":"it says \"the same\""})" + "\n");
}

TEST_CASE("metrics log: a resumed run drops later steps and a half-written line") {
  const test::RunFolder folder;
  {
    MetricsLog log(folder.path, 0);
    for (const int64_t step : {10, 20, 30}) log.step(record(step));
  }
  std::ofstream(folder.path / "metrics.jsonl", std::ios::app) << R"({"step":12,"lo)";
  MetricsLog log(folder.path, 20);
  CHECK(folder.read("metrics.jsonl") == step_line(10));
  log.step(record(20));
  CHECK(folder.read("metrics.jsonl") == step_line(10) + step_line(20));
}

TEST_CASE("metrics log: an end that a crash of the machine left is dropped and told, and a missing log is told") {
  const test::RunFolder folder;
  const std::string file = (folder.path / "metrics.jsonl").string();
  CHECK(metrics_fault(folder.path) == "\"" + file + "\" is missing: what was logged before is lost");
  {
    MetricsLog log(folder.path, 0);
    for (const int64_t step : {10, 20}) log.step(record(step));
  }
  CHECK(metrics_fault(folder.path).empty());
  for (const std::string& end :
       {std::string(300, '\0'), std::string(300, '\0') + "\n", std::string("{\"step\":1"), std::string("\n\n"), std::string("{}\nx\n")}) {
    std::ofstream(file, std::ios::app | std::ios::binary) << end;
    CHECK(metrics_fault(folder.path) == "the end of \"" + file + "\", " + std::to_string(end.size()) + " bytes, is damaged and removed");
    const MetricsLog log(folder.path, 30);
    CHECK(folder.read("metrics.jsonl") == step_line(10) + step_line(20));
  }
}

TEST_CASE("metrics log: a resumed run keeps the evaluation of the checkpoint it continues") {
  const test::RunFolder folder;
  {
    MetricsLog log(folder.path, 0);
    log.step(record(19));
    log.evaluation(20, {lfw()});
    log.step(record(20));
    log.evaluation(21, {lfw()});
  }
  const MetricsLog log(folder.path, 20);
  CHECK(folder.read("metrics.jsonl") ==
        step_line(19) + R"({"step":20,"evaluation":"lfw","accuracy":0.75,"accuracy_error":0.5,"threshold":1.5,"auc":0.875})"
                        "\n");
}

TEST_CASE("metrics log: a number that is not finite is null") {
  const test::RunFolder folder;
  MetricsLog log(folder.path, 0);
  StepRecord diverged = record(10);
  diverged.loss = std::nan("");
  diverged.values.clear();
  log.step(diverged);
  CHECK(folder.read("metrics.jsonl").find(R"("loss":null)") != std::string::npos);
}

TEST_CASE("metrics log: a damaged line in the middle is named, and nothing is lost") {
  const test::RunFolder folder;
  const std::string before = step_line(1) + "{\"step\":2,\n" + step_line(3);
  folder.write("metrics.jsonl", before);
  CHECK_THROWS_WITH_AS(MetricsLog(folder.path, 2),
                       ((folder.path / "metrics.jsonl").string() + ":2: error: this line holds no step").c_str(), Error);
  CHECK(folder.read("metrics.jsonl") == before);
}

}  // namespace
}  // namespace lafs
