#include "runner/tools/compare/compare.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "kernel/results/results_json.h"
#include "lafs/rng.h"
#include "metrics/verification.h"
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
  CHECK(accuracy.judged == Judged::paired);
  CHECK(accuracy.real);
  CHECK(*accuracy.p < 0.05);
  CHECK(accuracy.interval.low > 0);
  CHECK(of_metric(found, "tar@far=0.1").judged == Judged::paired);
  CHECK(found.size() == 2);  // the spread of an area is unknown
  const std::vector<ScoredResults> alone{saved(folder, "c", model(2, false)), saved(folder, "d", model(2.08, false))};
  const Difference& hidden = of_metric(differences_of(alone, {500, 1}), "accuracy");
  CHECK(hidden.judged == Judged::alone);
  CHECK_FALSE(hidden.real);
  CHECK_FALSE(hidden.p.has_value());
  CHECK(hidden.difference == accuracy.difference);
}

TEST_CASE("compare: models that differ by chance alone are not marked") {
  const test::ScratchFolder folder;
  const std::vector<ScoredResults> models{saved(folder, "a", model(2, true, 1)), saved(folder, "b", model(2, true, 2))};
  for (const Difference& one : differences_of(models, {500, 1})) CHECK_FALSE(one.real);
}

TEST_CASE("compare: results on different pairs are shown, and never marked as real") {
  const test::ScratchFolder folder;
  NamedMetrics other = model(6, true);
  other.metrics.comparisons.pairs = "other pairs";
  std::vector<ScoredResults> models{saved(folder, "a", model(2, true)), saved(folder, "b", other)};
  const auto check = [&] {
    const auto differences = differences_of(models, {500, 1});
    REQUIRE(differences.size() == 3);
    for (const Difference& one : differences) {
      CHECK(one.judged == Judged::incomparable);
      CHECK_FALSE(one.real);
    }
    const std::string text = comparison_text(models, differences);
    CHECK(text.find(" *\n") == std::string::npos);
    CHECK(text.find("points, measured on different pairs\n") != std::string::npos);
    CHECK(text.ends_with("  lfw: b auc: +0.0000, measured on different pairs\n"));
    const nlohmann::json json = comparison_json(models, differences);
    CHECK(json["differences"][0]["different_pairs"] == true);
    CHECK(json["differences"][0]["paired"] == false);
  };
  check();
  for (ScoredResults& one : models) std::filesystem::remove_all(one.scores);  // the digests stand in the results too
  check();
}

TEST_CASE("compare: the footer about scores is printed only where scores are missing") {
  const test::ScratchFolder folder;
  const auto text = [](const std::vector<ScoredResults>& models) { return comparison_text(models, differences_of(models, {200, 1})); };
  NamedMetrics ranks = model(2, false);
  ranks.metrics.values = {{.name = "rank1", .value = 0.9, .standard_error = 0.01, .n = 100, .unit = Unit::share}};
  CHECK(text({saved(folder, "a", ranks), saved(folder, "b", ranks)})
            .ends_with("  lfw: b rank1: +0.00 points [-2.77, +2.77], results taken for independent\n"));
  std::vector<ScoredResults> pairs{saved(folder, "c", model(2, true)), saved(folder, "d", model(2, true))};
  std::filesystem::remove_all(pairs[1].scores);
  CHECK(text(pairs).find("\nindependent results hide small differences: ") != std::string::npos);
}

TEST_CASE("compare: balanced accuracy is resampled on the same pairs") {
  const test::ScratchFolder folder;
  // Three quarters of the pairs are of impostors.
  const auto unbalanced = [](double gap) {
    NamedMetrics out = model(gap, true);
    Comparisons& all = out.metrics.comparisons;
    Comparisons kept;
    kept.pairs = all.pairs;
    std::vector<double> distances;
    for (size_t i = 0; i < all.scores.size(); ++i) {
      if (all.same[i] != 0 && i % 3 != 0) continue;
      kept.scores.push_back(all.scores[i] / 10);
      distances.push_back(2 * (1 - kept.scores.back()));
      kept.same.push_back(all.same[i]);
      kept.correct.push_back(1);  // of the accuracy, which is not looked at
      kept.first_person.push_back(all.first_person[i]);
      kept.second_person.push_back(all.second_person[i]);
    }
    const double balanced = metrics::fold_accuracy(distances, kept.same, 10, metrics::Criterion::balanced).mean;
    all = kept;
    out.metrics.values = {{.name = "balanced_accuracy", .value = balanced, .standard_error = 0.01, .unit = Unit::share},
                          {.name = "accuracy_std", .value = 0.01, .n = 10, .unit = Unit::share, .headline = false}};
    return out;
  };
  const std::vector<ScoredResults> models{saved(folder, "a", unbalanced(2)), saved(folder, "b", unbalanced(2.3))};
  const auto found = differences_of(models, {500, 1});
  const Difference& balanced = of_metric(found, "balanced_accuracy");
  CHECK(balanced.judged == Judged::paired);
  CHECK_FALSE(balanced.p.has_value());
  CHECK(balanced.interval.low < balanced.difference);
  CHECK(balanced.interval.high > balanced.difference);
  CHECK((balanced.interval.low + balanced.interval.high) / 2 == doctest::Approx(balanced.difference).epsilon(0.2));
  CHECK(balanced.interval.standard_error < 0.01);  // alone: 0.014
}

TEST_CASE("compare: files of equal names are told apart by their folders, or by their endings") {
  const test::ScratchFolder folder;
  for (const char* place : {"x/run", "y/run", "z"}) saved(folder, place, model(2, false));
  std::filesystem::copy_file(folder / "z/results.json", folder / "z/r.json");
  std::filesystem::copy_file(folder / "z/results.json", folder / "z/r.txt");
  const auto names = [](const std::vector<std::filesystem::path>& paths) {
    std::vector<std::string> all;
    for (const ScoredResults& one : read_scored_results(paths)) all.push_back(one.name);
    return all;
  };
  using Names = std::vector<std::string>;
  CHECK(names({folder / "x/run", folder / "y/run/", folder / "z"}) == Names{"x/run", "y/run", "z"});
  CHECK(names({folder / "x/run/results.json", folder / "y/run/results.json"}) == Names{"x/run/results", "y/run/results"});
  CHECK(names({folder / "z/r.json", folder / "z/r.txt"}) == Names{"r.json", "r.txt"});
  CHECK(test::error_of([&] { names({folder / "z", folder / "z"}); }) == "\"" + (folder / "z").string() + "\" is given twice");
}

TEST_CASE("compare: fewer than ten people decide nothing") {
  const test::ScratchFolder folder;
  NamedMetrics a = model(2, true), better = model(2.6, true);
  for (NamedMetrics* one : {&a, &better}) {
    for (auto* people : {&one->metrics.comparisons.first_person, &one->metrics.comparisons.second_person})
      for (int32_t& person : *people) person %= 9;
  }
  const std::vector<ScoredResults> models{saved(folder, "a", a), saved(folder, "better", better)};
  const auto differences = differences_of(models, {200, 1});
  CHECK(!of_metric(differences, "accuracy").real);
  CHECK(of_metric(differences, "accuracy").too_few_people == 9);
  CHECK(comparison_text(models, differences).find("points, measured on 9 people: too few to be judged\n") != std::string::npos);
  CHECK(comparison_json(models, differences).at("differences").at(0).at("too_few_people") == 9);
}

TEST_CASE("compare: models that were measured on other test data are named") {
  const test::ScratchFolder folder;
  std::vector<ScoredResults> models{saved(folder, "a", model(2, true)), saved(folder, "better", model(2.6, true))};
  const auto differences = differences_of(models, {200, 1});
  CHECK(comparison_text(models, differences).find("other test data") == std::string::npos);
  models[0].results[0].measured_on = "f1";
  models[1].results[0].measured_on = "f2";
  CHECK(comparison_text(models, differences)
            .ends_with(
                "\nwarning: better was measured on other test data than a: unless that is meant, measure both again before you compare "
                "them\n"));
  CHECK(comparison_json(models, differences).at("other_data") == nlohmann::json{"better"});
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
  const auto refused = [&](const std::string& text) {
    test::write_bytes(folder / "x.json", text);
    return test::error_of([&] { read_scored_results(folder / "x.json"); });
  };
  const std::string start = "\"" + place + "/x.json\" holds no results of lafs: ";
  CHECK(refused("{\"evaluators\":[1]}") == start + "an entry is of type number, not an object");
  CHECK(refused("{\"evaluators\":{}}") == start + "\"evaluators\" is not a list");
  CHECK(refused("{\"evaluators\":[{\"name\":\"lfw\",\"values\":[\"x\"]}]}") == start + "an entry is of type string, not an object");
  CHECK(refused("{\"evaluators\":[{\"name\":\"lfw\",\"seconds\":\"x\",\"values\":[{\"headline\":1}]}]}") == "");
}

TEST_CASE("compare: the folder of a row stands for the one stage that has results") {
  const test::ScratchFolder folder;
  const std::string file = "\"" + folder.path().string() + "/results.json\"";
  const auto read = [&](const std::string& stages) {
    test::write_bytes(folder / "results.json", "{\"stages\":" + stages + "}");
    return read_scored_results(folder.path());
  };
  const std::string unmeasured = "{\"name\":\"pretrain\",\"evaluators\":[]}", measured = "{\"name\":\"finetune\",\"evaluators\":[{}]}";
  std::filesystem::create_directory(folder / "finetune");
  test::write_bytes(folder / "finetune/results.json", "{\"evaluators\":[{\"name\":\"lfw\",\"values\":[]}]}");
  CHECK(read("[" + unmeasured + "," + measured + "]").results.front().name == "lfw");
  CHECK(read_scored_results({folder.path(), folder / "finetune"}).front().name == folder.path().filename());
  CHECK(measured_run(folder.path()) == folder / "finetune");
  CHECK(measured_run(folder / "finetune") == folder / "finetune");
  CHECK(test::error_of([&] { read("[{\"name\":\"\",\"evaluators\":[1]}]"); }) ==
        "the folder \"" + (folder / "run").string() + "\" has no results.json: no run was finished there");
  CHECK(test::error_of([&] { read("[" + unmeasured + "]"); }) == file + " is of a row that no [[evaluator]] measured");
  CHECK(test::error_of([&] { read("[1]"); }) == file + " holds no results of lafs");
  CHECK(test::error_of([&] { read("[{\"name\":\"one\",\"evaluators\":[{}]}," + measured + "]"); }) ==
        file + " has the results of several stages; name the folder of one: \"" + (folder / "one").string() + "\" or \"" +
            (folder / "finetune").string() + "\"");
}

TEST_CASE("threshold: the printed number gives the printed false accepts") {
  Comparisons all;
  // With four digits the threshold would let in the impostor pair below it.
  all.scores = {0.90001, 0.50003, 0.50002, 0.50001, 0.1, 0.7};
  all.same = {1, 1, 0, 0, 0, 0};
  all.correct.assign(6, 1);
  for (int32_t i = 0; i < 6; ++i) all.first_person.push_back(i);
  all.second_person = all.first_person;
  const auto found = thresholds_of("lfw", all, {0.25, 0.5}, {100, 1});
  CHECK(found.printed == std::vector<std::string>{"0.50003", "0.50002"});
  CHECK(thresholds_text({found}).find("  FAR 0.25: accept from a score of 0.50003 [") != std::string::npos);
  all.scores = {0.90001, 0.43217, 0.4, 0.3, 0.2, 0.7};
  CHECK(thresholds_of("lfw", all, {0.25}, {100, 1}).printed == std::vector<std::string>{"0.4321"});  // 0.4322 would reject its own pair
  all.scores[2] = std::nextafter(0.43217, 0);
  const std::string exact = thresholds_of("lfw", all, {0.25}, {100, 1}).printed[0];
  CHECK(std::stod(exact) == 0.43217);
}

TEST_CASE("threshold: the score for a rate, with its interval and a warning for few impostors") {
  const Comparisons all = model(2, true).metrics.comparisons;
  const auto found = thresholds_of("lfw", all, {0.1, 0.005}, {300, 1});
  CHECK(found.people == 0);
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

TEST_CASE("threshold: intervals of few people carry a warning") {
  Comparisons all;
  for (int32_t first = 0; first < 10; ++first) {
    for (int32_t second = first; second < 10; ++second) {
      all.first_person.push_back(first);
      all.second_person.push_back(second);
      all.same.push_back(first == second);
      all.scores.push_back(first == second ? 0.9 : 0.01 * first);
    }
  }
  all.correct.assign(all.same.size(), 1);
  const auto found = thresholds_of("lfw", all, {0.5}, {100, 1});
  CHECK(found.people == 10);
  CHECK(thresholds_text({found}).find("warning") == std::string::npos);
  for (auto* people : {&all.first_person, &all.second_person})
    for (int32_t& person : *people) person = std::min(person, 8);
  const auto fewer = thresholds_of("lfw", all, {0.5}, {100, 1});
  CHECK(
      thresholds_text({fewer}).starts_with("lfw: 10 genuine and 45 impostor pairs; 95 % intervals from resampled people\n"
                                           "  warning: these are only 9 people: with fewer than 10 the intervals are too narrow\n"));
  CHECK(thresholds_json({fewer})[0]["people"] == 9);
}

TEST_CASE("threshold: as many impostor pairs are drawn as the smallest rate needs, within limits") {
  CHECK(impostors_for({0.1}) == 3000);
  CHECK(impostors_for({0.1, 1e-3}) == 100000);
  CHECK(impostors_for({1e-3, 0.5}) == 100000);
  CHECK(impostors_for({1e-6}) == 990000);
  CHECK(impostors_for({0}) == 990000);
}

}  // namespace lafs
