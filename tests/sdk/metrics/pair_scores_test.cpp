#include "metrics/pair_scores.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "lafs/rng.h"

using namespace lafs;
using namespace lafs::metrics;

namespace {

/// Forty pairs in four folds, genuine and impostor in turn.
PairProtocol protocol() {
  PairProtocol made;
  for (int64_t i = 0; i < 40; ++i) {
    made.pairs.push_back({2 * i, 2 * i + 1, i % 2 == 0});
    made.same.push_back(i % 2 == 0 ? 1 : 0);
  }
  made.folds = 4;
  made.far = {0.1};
  return made;
}

/// Genuine pairs at 0.5, impostors at 1.5.
std::vector<double> separate() {
  std::vector<double> distances;
  for (int i = 0; i < 40; ++i) distances.push_back(i % 2 == 0 ? 0.5 : 1.5);
  return distances;
}

const Metric& value(const Metrics& metrics, const std::string& name) {
  const auto found =
      std::find_if(metrics.values.begin(), metrics.values.end(), [&](const Metric& metric) { return metric.full_name() == name; });
  REQUIRE(found != metrics.values.end());
  return *found;
}

std::string row_name(int64_t row) { return "row" + std::to_string(row); }

}  // namespace

TEST_CASE("pair scores: pairs that distances separate are all right") {
  Metrics metrics;
  add_pair_scores(protocol(), separate(), "", metrics);
  CHECK(metrics.values[0].name == "accuracy");  // the first value ranks checkpoints
  CHECK(value(metrics, "accuracy").value == 1);
  CHECK(value(metrics, "accuracy").standard_error == 0);
  CHECK(value(metrics, "accuracy").n == 40);
  CHECK(value(metrics, "tar@far=0.1").value == 1);
  CHECK(value(metrics, "val@far=0.1").value == 1);
  CHECK(value(metrics, "auc").value == 1);
  CHECK(value(metrics, "eer").value == 0);
}

TEST_CASE("pair scores: where the protocol tries few thresholds among the distances, a warning says that accuracies suffer") {
  std::vector<double> close = separate();
  for (double& distance : close) distance = distance < 1 ? 0.005 : 0.035;
  Metrics few, one, many;
  add_pair_scores(protocol(), close, "", few);
  CHECK(few.warnings ==
        std::vector<std::string>{"the squared distances of all pairs lie between 0.005 and 0.035, where the protocol tries 3 thresholds: "
                                 "accuracies are lower than a finer search would give; auc and eer are not"});
  for (double& distance : close) distance = std::min(distance, 0.015);
  add_pair_scores(protocol(), close, "", one);
  CHECK(one.warnings.at(0).find(" tries 1 threshold: ") != std::string::npos);
  add_pair_scores(protocol(), separate(), "", many);
  CHECK(many.warnings.empty());
}

TEST_CASE("pair scores: few people are a warning, unknown ones are not") {
  PairProtocol made = protocol();
  for (int32_t i = 0; i < 40; ++i) {
    made.people.first.push_back(i % 9);
    made.people.second.push_back(i % 2 == 0 ? i % 9 : (i + 1) % 9);
  }
  const auto warnings_of = [&](int64_t people) {
    Metrics metrics;
    made.people.count = people;
    add_pair_scores(made, separate(), "", metrics);
    return metrics.warnings;
  };
  CHECK(warnings_of(9) == std::vector<std::string>{"the pairs are of only 9 people: with fewer than 10 every interval is too narrow, and "
                                                   "those of accuracies, which take pairs for independent, most of all"});
  CHECK(warnings_of(10).empty());
}

TEST_CASE("pair scores: shares are marked as such, areas and thresholds are plain numbers") {
  Metrics metrics;
  add_pair_scores(protocol(), separate(), "", metrics);
  for (const Metric& metric : metrics.values) {
    CAPTURE(metric.name);
    CHECK((metric.unit == Unit::share) == (metric.name != "auc" && metric.name != "threshold"));
  }
}

TEST_CASE("pair scores: a variant is carried by every value and by the curve") {
  Metrics metrics;
  add_pair_scores(protocol(), separate(), "pixels", metrics);
  for (const Metric& metric : metrics.values) CHECK(metric.variant == "pixels");
  CHECK(metrics.warnings.empty());
  REQUIRE(metrics.curves.size() == 1);
  CHECK(metrics.curves[0].full_name() == "pixels/roc");
  CHECK(std::is_sorted(metrics.curves[0].x.begin(), metrics.curves[0].x.end()));
  CHECK(metrics.curves[0].x.size() == metrics.curves[0].y.size());
}

TEST_CASE("pair scores: mistakes are listed by kind, the most wrong first, as many as were asked for") {
  std::vector<double> distances = separate();
  distances[4] = 1.8;   // genuine, far apart
  distances[10] = 1.9;  // genuine, farther apart
  distances[21] = 0.1;  // impostor, close
  PairProtocol made = protocol();
  Metrics metrics;
  add_pair_mistakes(made, distances, add_pair_scores(made, distances, "", metrics), row_name, metrics);
  REQUIRE(metrics.lists.size() == 2);
  CHECK(metrics.lists[0].name == "false accepts");
  REQUIRE(metrics.lists[0].items.size() == 1);
  CHECK(metrics.lists[0].items[0].what == "pair 21: row42 row43, impostor");
  CHECK(metrics.lists[0].items[0].score == doctest::Approx(0.95));
  CHECK(metrics.lists[0].items[0].pictures == std::vector<std::string>{"row42", "row43"});
  REQUIRE(metrics.lists[1].items.size() == 2);
  CHECK(metrics.lists[1].items[0].what == "pair 10: row20 row21, genuine");
  CHECK(metrics.lists[1].items[1].what == "pair 4: row8 row9, genuine");
  made.hardest = 1;
  Metrics fewer;
  add_pair_mistakes(made, distances, add_pair_scores(made, distances, "", fewer), row_name, fewer);
  CHECK(fewer.lists[1].items.size() == 1);
}

TEST_CASE("pair scores: folds with one kind of pair have no rate of their own, and a note says so") {
  PairProtocol made = protocol();
  std::vector<double> distances;
  for (size_t i = 0; i < 40; ++i) {
    made.same[i] = i < 20 ? 1 : 0;
    made.pairs[i].same = i < 20;
    distances.push_back(i < 20 ? 0.5 : 1.5);
  }
  Metrics metrics;
  add_pair_scores(made, distances, "", metrics);
  add_pair_rules(made, metrics);
  for (const Metric& metric : metrics.values) CHECK_FALSE(metric.name.starts_with("val@"));
  const auto& notes = metrics.notes;
  CHECK(std::find(notes.begin(), notes.end(), "val@far is left out: a fold lacks genuine or impostor pairs") != notes.end());
}

TEST_CASE("pair scores: a rate that the impostor pairs cannot measure is noted") {
  PairProtocol made = protocol();
  made.far = {0.1, 0.001};
  Metrics metrics;
  add_pair_rules(made, metrics);
  CHECK(std::count_if(metrics.notes.begin(), metrics.notes.end(), [](const std::string& note) {
          return note.find("cannot measure a false accept rate of 0.001") != std::string::npos;
        }) == 1);
  CHECK(std::count_if(metrics.notes.begin(), metrics.notes.end(), [](const std::string& note) {
          return note.find("cannot measure a false accept rate of 0.1") != std::string::npos;
        }) == 0);
}

TEST_CASE("pair scores: where one kind is most of the pairs, balanced accuracy leads and the constant answer stands beside accuracy") {
  PairProtocol made = protocol();
  std::vector<double> distances;
  for (size_t i = 0; i < 40; ++i) {
    made.same[i] = i % 5 == 0 ? 1 : 0;
    made.pairs[i].same = i % 5 == 0;
    distances.push_back(i % 10 == 0 ? 0.5 : 1.5);  // half the genuine pairs are like impostors
  }
  CHECK(made.is_unbalanced());
  CHECK(made.constant_answer() == doctest::Approx(0.8));
  Metrics metrics;
  add_pair_scores(made, distances, "", metrics);
  CHECK(metrics.values[0].name == "balanced_accuracy");
  CHECK(metrics.values[0].value == doctest::Approx(0.75));
  CHECK(metrics.values[1].name == "accuracy");
  CHECK(metrics.values[1].value == doctest::Approx(0.9));
  CHECK(metrics.values[2].name == "constant_answer");
  CHECK(metrics.values[2].headline);
  Metrics even;
  add_pair_scores(protocol(), separate(), "", even);
  CHECK_FALSE(value(even, "constant_answer").headline);
  CHECK(value(even, "constant_answer").value == 0.5);
}

TEST_CASE("pair scores: the rates of the model have an interval around them, those of a variant have none") {
  PairProtocol made = protocol();
  made.resampling = {200, 1};
  std::vector<double> distances = separate();
  for (const size_t i : {4, 8, 12}) distances[i] = 1.7;
  Metrics metrics;
  add_pair_scores(made, distances, "", metrics);
  add_pair_scores(made, distances, "pixels", metrics);
  const Metric& tar = value(metrics, "tar@far=0.1");
  CHECK(tar.value == doctest::Approx(0.85));
  CHECK(tar.low < 0.85);
  CHECK(tar.high > 0.85);
  CHECK(std::isnan(value(metrics, "pixels/tar@far=0.1").low));
}

TEST_CASE("pair scores: a curve of many points keeps its ends and its low rates") {
  PairProtocol made;
  std::vector<double> distances;
  Rng rng(3);
  for (int64_t i = 0; i < 20000; ++i) {
    made.pairs.push_back({2 * i, 2 * i + 1, i % 2 == 0});
    made.same.push_back(i % 2 == 0 ? 1 : 0);
    distances.push_back(std::abs(rng.normal(i % 2 == 0 ? 0.8 : 1.6, 0.3)));
  }
  Metrics metrics;
  add_pair_scores(made, distances, "", metrics);
  const Curve& roc = metrics.curves[0];
  CHECK(roc.x.size() <= 200);
  CHECK(roc.x.front() == 0);
  CHECK(roc.x.back() == 1);
  CHECK(roc.y.back() == 1);
  CHECK(std::is_sorted(roc.y.begin(), roc.y.end()));
  CHECK(std::count_if(roc.x.begin(), roc.x.end(), [](double far) { return far > 0 && far < 0.01; }) >= 20);
}

TEST_CASE("pair scores: what is kept of every pair says whether its fold decided it rightly") {
  PairProtocol made = protocol();
  std::vector<double> distances = separate();
  distances[7] = 0.1;
  Metrics metrics;
  add_pair_comparisons(made, distances, "abc", metrics);
  const Comparisons& kept = metrics.comparisons;
  CHECK(kept.pairs == "abc");
  CHECK(kept.same == made.same);
  CHECK(kept.scores[7] == doctest::Approx(0.95));
  CHECK(std::count(kept.correct.begin(), kept.correct.end(), 0) == 1);
  CHECK(kept.correct[7] == 0);
  CHECK(kept.first_person[7] == 7);
  CHECK(kept.second_person[7] == 7);
}

TEST_CASE("pair scores: a histogram counts every pair once, by kind") {
  Metrics metrics;
  add_pair_histogram(protocol(), separate(), "", metrics);
  REQUIRE(metrics.histograms.size() == 1);
  const Histogram& histogram = metrics.histograms[0];
  CHECK(histogram.kinds == std::vector<std::string>{"genuine", "impostor"});
  CHECK(histogram.low <= 0.25);
  CHECK(histogram.high >= 0.75);
  for (size_t kind = 0; kind < 2; ++kind) {
    CHECK(histogram.counts[kind].size() == histogram.counts[0].size());
    CHECK(std::count(histogram.counts[kind].begin(), histogram.counts[kind].end(), 20) == 1);
  }
}
