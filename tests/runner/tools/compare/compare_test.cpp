#include "runner/tools/compare/compare.h"

#include <algorithm>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "kernel/results/results_json.h"
#include "lafs/rng.h"
#include "runner/tools/compare/far_thresholds.h"
#include "support/bytes.h"
#include "support/error_of.h"
#include "support/scratch.h"

namespace lafs {
namespace {

/// Results of a model whose genuine pairs lie `gap` above the impostors; equal seeds give the same pairs and equal luck.
NamedMetrics model(double gap, bool scores, uint64_t luck = 1) {
  NamedMetrics out{"lfw", {}, 0};
  Rng rng(luck);
  int64_t right = 0;
  for (int32_t i = 0; i < 2000; ++i) {
    const bool same = i % 2 == 0;
    const double score = rng.normal(same ? gap : 0, 1);
    Comparisons& all = out.metrics.comparisons;
    all.scores.push_back(score);
    all.same.push_back(same ? 1 : 0);
    all.correct.push_back((score >= gap / 2) == same ? 1 : 0);
    right += all.correct.back();
    all.first_person.push_back(i);
    all.second_person.push_back(i);
  }
  out.metrics.comparisons.pairs = "same pairs";
  const double accuracy = static_cast<double>(right) / 2000;
  out.metrics.values = {{.name = "accuracy", .value = accuracy, .standard_error = 0.005, .n = 2000, .unit = Unit::share},
                        {.name = "tar@far=0.1", .value = 0.5, .n = 2000, .unit = Unit::share, .low = 0.45, .high = 0.55},
                        {.name = "auc", .value = 0.9, .n = 2000}};
  if (!scores) out.metrics.comparisons = {};
  return out;
}

ScoredResults saved(const test::ScratchFolder& folder, const std::string& name, const NamedMetrics& results) {
  std::filesystem::create_directories(folder / name);
  write_results(folder / name, {results}, 5, "last");
  return read_scored_results(folder / name);
}

const Difference& of_metric(const std::vector<Difference>& all, const std::string& metric) {
  const auto found = std::find_if(all.begin(), all.end(), [&](const Difference& one) { return one.metric == metric; });
  REQUIRE(found != all.end());
  return *found;
}

}  // namespace

TEST_CASE("compare: on the same pairs a small difference is found that independent results hide") {
  const test::ScratchFolder folder;
  // The same luck: every pair scores almost the same with both.
  const std::vector<ScoredResults> paired{saved(folder, "a", model(2, true)), saved(folder, "b", model(2.08, true))};
  const auto found = differences_of(paired, {500, 1});
  const Difference& accuracy = of_metric(found, "accuracy");
  CHECK(accuracy.paired);
  CHECK(accuracy.real);
  CHECK(*accuracy.p < 0.05);
  CHECK(accuracy.interval.low > 0);
  CHECK(of_metric(found, "tar@far=0.1").paired);
  CHECK(found.size() == 2);  // the spread of an area is unknown
  const std::vector<ScoredResults> alone{saved(folder, "c", model(2, false)), saved(folder, "d", model(2.08, false))};
  const Difference& hidden = of_metric(differences_of(alone, {500, 1}), "accuracy");
  CHECK_FALSE(hidden.paired);
  CHECK_FALSE(hidden.real);
  CHECK_FALSE(hidden.p.has_value());
  CHECK(hidden.difference == accuracy.difference);
}

TEST_CASE("compare: models that differ by chance alone are not marked") {
  const test::ScratchFolder folder;
  const std::vector<ScoredResults> models{saved(folder, "a", model(2, true, 1)), saved(folder, "b", model(2, true, 2))};
  for (const Difference& one : differences_of(models, {500, 1})) CHECK_FALSE(one.real);
}

TEST_CASE("compare: other pairs are not the same pairs") {
  const test::ScratchFolder folder;
  NamedMetrics other = model(2.1, true);
  other.metrics.comparisons.pairs = "other pairs";
  const std::vector<ScoredResults> models{saved(folder, "a", model(2, true)), saved(folder, "b", other)};
  for (const Difference& one : differences_of(models, {500, 1})) CHECK_FALSE(one.paired);
}

TEST_CASE("compare: the table marks real differences, and says how they were judged") {
  const test::ScratchFolder folder;
  const std::vector<ScoredResults> models{saved(folder, "a", model(2, true)), saved(folder, "better", model(2.6, true)),
                                          saved(folder, "without", model(2.6, false))};
  const auto differences = differences_of(models, {200, 1});
  const std::string text = comparison_text(models, differences);
  CHECK(text.starts_with("evaluator  metric       a "));
  CHECK(text.find(" *") != std::string::npos);
  CHECK(text.find("\n* lfw: better accuracy: +") != std::string::npos);
  CHECK(text.find(", on the same pairs\n") != std::string::npos);
  CHECK(text.find("without accuracy") != std::string::npos);
  CHECK(text.ends_with(
      "independent results hide small differences: scores of the same pairs, which lafs run and lafs eval --out keep, show them\n"));
  const nlohmann::json json = comparison_json(models, differences);
  CHECK(json["models"] == nlohmann::json({"a", "better", "without"}));
  CHECK(json["differences"][0]["real"] == true);
}

TEST_CASE("compare: what holds no results is named") {
  const test::ScratchFolder folder;
  const std::string place = folder.path().string();
  CHECK(test::error_of([&] { read_scored_results(folder.path()); }) ==
        "the folder \"" + place + "\" has no results.json: no run was finished there");
  CHECK(test::error_of([&] { read_scored_results(folder / "x.json"); }) ==
        "cannot read \"" + place + "/x.json\": No such file or directory");
  test::write_bytes(folder / "x.json", "[1]");
  CHECK(test::error_of([&] { read_scored_results(folder / "x.json"); }) == "\"" + place + "/x.json\" holds no results of lafs");
  test::write_bytes(folder / "results.json", "{\"stages\":[]}");
  CHECK(test::error_of([&] { read_scored_results(folder.path()); }) ==
        "\"" + place + "/results.json\" has the results of several stages; name the folder of one, such as \"" + place + "/STAGE\"");
}

TEST_CASE("threshold: the score for a rate, with its interval and a warning for few impostors") {
  const Comparisons all = model(2, true).metrics.comparisons;
  const auto found = thresholds_of("lfw", all, {0.1, 0.005}, {300, 1});
  CHECK_FALSE(found.knows_people);
  CHECK(found.thresholds[0].false_accepts <= 100);
  CHECK(found.thresholds[0].threshold == doctest::Approx(1.28).epsilon(0.1));
  const std::string text = thresholds_text({found});
  CHECK(text.starts_with(
      "lfw: 1000 genuine and 1000 impostor pairs; 95 % intervals from resampled pairs\n  FAR 0.1: accept from a score of "));
  CHECK(text.ends_with(
      "  warning: at FAR 0.005 only 5 of the impostor pairs decide, fewer than ten: take more pairs before you rely on it\n"));
  CHECK(thresholds_json({found})[0]["thresholds"][1]["far"] == 0.005);
  Comparisons genuine = all;
  std::fill(genuine.same.begin(), genuine.same.end(), uint8_t{1});
  CHECK(test::error_of([&] { thresholds_of("lfw", genuine, {0.1}, {}); }) ==
        "evaluator \"lfw\": a curve needs impostor comparisons, and there are none");
}

}  // namespace lafs
