#include "metrics/template_scores.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "metrics/roc.h"
#include "metrics/sorted_scores.h"
#include "metrics/template_report.h"
#include "support/error_of.h"
#include "template_rows.h"

using namespace lafs;
using namespace lafs::metrics;

namespace {

struct PairList {
  std::vector<uint32_t> first, second;
};

PairList random_pairs(Rng& rng, int64_t rows, int64_t count) {
  PairList out;
  for (int64_t i = 0; i < count; ++i) {
    out.first.push_back(static_cast<uint32_t>(rng.integer(0, rows)));
    out.second.push_back(static_cast<uint32_t>(rng.integer(0, rows)));
  }
  return out;
}

double worst_difference(const Rows& unit, const PairList& pairs, const std::vector<double>& scores) {
  double worst = 0;
  for (size_t i = 0; i < scores.size(); ++i)
    worst = std::max(worst, std::abs(scores[i] - test::plain_dot(unit, pairs.first[i], unit, pairs.second[i])));
  return worst;
}

std::vector<double> sorted_copy(std::vector<double> values) {
  std::sort(values.begin(), values.end(), std::greater<>());
  return values;
}

}  // namespace

TEST_CASE("template scores: pairs in any order have their dot products") {
  Rng rng(key_of("scores"));
  for (const int64_t width : {1, 3, 8, 130, 512}) {
    const Rows unit = test::random_units(rng, 700, width);
    PairList pairs = random_pairs(rng, 700, 5000);
    CHECK(worst_difference(unit, pairs, row_scores(unit, pairs.first, pairs.second, 2)) < 1e-13);
    std::sort(pairs.first.begin(), pairs.first.end());  // as lists are: in the order of the first
    CHECK(worst_difference(unit, pairs, row_scores(unit, pairs.first, pairs.second, 2)) < 1e-13);
  }
}

TEST_CASE("template scores: neither threads nor the other pairs change a bit of a score") {
  Rng rng(key_of("threads"));
  const Rows unit = test::random_units(rng, 3000, 96);
  PairList pairs = random_pairs(rng, 3000, 30'000);
  const std::vector<double> one = row_scores(unit, pairs.first, pairs.second, 1);
  for (const int64_t threads : {2, 5}) CHECK(row_scores(unit, pairs.first, pairs.second, threads) == one);
  const std::vector<uint32_t> first(pairs.first.begin() + 100, pairs.first.begin() + 103),
      second(pairs.second.begin() + 100, pairs.second.begin() + 103);
  const std::vector<double> alone = row_scores(unit, first, second, 1);
  CHECK(std::equal(alone.begin(), alone.end(), one.begin() + 100));
}

TEST_CASE("template scores: pairs of a row with itself and repeated pairs are scored each time") {
  Rng rng(key_of("repeated"));
  const Rows unit = test::random_units(rng, 5, 16);
  const std::vector<uint32_t> first{4, 1, 1, 4, 0}, second{4, 2, 2, 0, 4};
  const std::vector<double> scores = row_scores(unit, first, second, 1);
  CHECK(std::abs(scores[0] - 1) < 1e-15);
  CHECK(scores[1] == scores[2]);
  CHECK(scores[3] == scores[4]);
  CHECK(row_scores(unit, {}, {}, 2).empty());
}

TEST_CASE("template scores: pairs that do not fit are reported") {
  Rng rng(key_of("errors"));
  const Rows unit = test::random_units(rng, 5, 4);
  const std::vector<uint32_t> one{0}, two{0, 1}, far{0, 5};
  CHECK(test::error_of([&] { row_scores(unit, one, two, 1); }) == "1 first rows have 2 second ones");
  CHECK(test::error_of([&] { row_scores(unit, two, far, 1); }) == "a pair names row 5 of 5");
  CHECK(test::error_of([&] { row_scores(unit, far, two, 2); }) == "a pair names row 5 of 5");
}

TEST_CASE("sorted scores: every kind of numbers comes out in order") {
  Rng rng(key_of("sort"));
  constexpr double inf = std::numeric_limits<double>::infinity();
  for (const size_t count : {0, 1, 100, 20'000, 120'000}) {
    std::vector<std::vector<double>> kinds(6);
    for (size_t i = 0; i < count; ++i) {
      kinds[0].push_back(rng.normal(0, 0.04));
      kinds[1].push_back(static_cast<double>(rng.integer(0, 30)));
      kinds[2].push_back(1);
      kinds[3].push_back(rng.coin(0.001) ? 1e300 * rng.normal() : 1e-9 * rng.normal());
      kinds[4].push_back(rng.coin(0.001) ? (rng.coin(0.5) ? inf : -inf) : rng.normal());
      kinds[5].push_back(rng.coin(0.5) ? 0.0 : 5e-324);
    }
    for (const std::vector<double>& kind : kinds) {
      const std::vector<double> expected = sorted_copy(kind);
      for (const int64_t threads : {1, 3}) {
        std::vector<double> ours = kind;
        sort_descending(ours, threads);
        CHECK(ours == expected);
      }
    }
  }
}

TEST_CASE("sorted scores: the point within a rate is that of the whole curve") {
  Rng rng(key_of("within"));
  for (int round = 0; round < 40; ++round) {
    std::vector<double> scores;
    std::vector<uint8_t> genuine{1, 0};
    for (int i = 0; i < 200; ++i) {
      scores.push_back(round % 2 == 0 ? rng.normal() : static_cast<double>(rng.integer(0, 20)));
      if (i > 1) genuine.push_back(rng.coin(0.2) ? 1 : 0);
    }
    const SortedScores sorted = sorted_scores(scores, genuine, 1);
    const Roc roc = roc_curve(sorted, Collinear::keep);
    for (double far = 0; far <= 1.01; far += 0.01) {
      const RocPoint direct = point_within(sorted, far), on_curve = roc.points[point_within(roc, far)];
      CHECK(direct.fp == on_curve.fp);
      CHECK(direct.tp == on_curve.tp);
      CHECK(direct.score == on_curve.score);
    }
  }
}

TEST_CASE("template report: numbers, notes and lists of a small protocol") {
  const std::vector<int64_t> ids{1, 2, 3, 4};
  TemplateProtocol protocol{TemplateLayout(ids, ids), {0, 0, 1, 2, 1}, {1, 2, 3, 3, 2}, {1, 0, 0, 1, 0}};
  protocol.far = {0.4, 1e-4};
  protocol.hardest = 1;
  const std::vector<double> scores{0.9, 0.8, 0.1, 0.5, 0.2};
  Metrics metrics;
  add_template_scores(protocol, scores, "", 1, metrics);
  std::vector<std::string> names;
  for (const Metric& metric : metrics.values) names.push_back(metric.full_name());
  CHECK(names == std::vector<std::string>{"tar@nearest_far=0.0001", "tar@far=0.0001", "actual_far@nearest_far=0.0001",
                                          "actual_far@far=0.0001", "threshold@nearest_far=0.0001", "threshold@far=0.0001",
                                          "tar@nearest_far=0.4", "tar@far=0.4", "actual_far@nearest_far=0.4", "actual_far@far=0.4",
                                          "threshold@nearest_far=0.4", "threshold@far=0.4", "auc", "eer"});
  CHECK(metrics.values[0].value == 0.5);  // one genuine pair before the first false accept
  CHECK(metrics.values[4].value == 0.9);
  CHECK(metrics.values[6].value == 1);  // 1/3 is nearest
  CHECK(metrics.values[8].value == 1.0 / 3);
  CHECK(metrics.values[10].value == 0.5);
  CHECK(metrics.values[12].value == 5.0 / 6);
  REQUIRE(metrics.lists.size() == 2);
  CHECK(metrics.lists[0].name == "most alike impostor pairs");
  CHECK(metrics.lists[0].items[0].what == "pair 1: templates 1 and 3, impostor");
  CHECK(metrics.lists[0].items[0].score == 0.8);
  CHECK(metrics.lists[1].items[0].what == "pair 3: templates 3 and 4, genuine");
  CHECK(metrics.notes ==
        std::vector<std::string>{"far 0.4: nearest, tar 100.00 % at far 0.333 (1 false accepts, scores from 0.500000); not above, tar "
                                 "100.00 % at far 0.333 (1 false "
                                 "accepts)",
                                 "far 0.0001: nearest, tar 50.00 % at far 0 (0 false accepts, scores from 0.900000); not above, tar 50.00 "
                                 "% at far 0 (0 false accepts)"});
  CHECK(metrics.warnings ==
        std::vector<std::string>{"far 0.4 asks for 1.2 of 3 impostor pairs, fewer than ten: its tar rests on single pairs",
                                 "far 0.0001 asks for 0.0003 of 3 impostor pairs, fewer than ten: its tar rests on single pairs"});
  Metrics other;
  add_template_scores(protocol, scores, "N0D0_sum", 1, other);
  CHECK(other.values[0].full_name() == "N0D0_sum/tar@nearest_far=0.0001");
  CHECK(other.curves[0].full_name() == "N0D0_sum/roc");
  CHECK(other.lists[0].name == "N0D0_sum most alike impostor pairs");
}

TEST_CASE("template report: a thinned curve keeps its ends and leaves no wide gap") {
  Rng rng(key_of("thin"));
  std::vector<double> scores;
  std::vector<uint8_t> genuine;
  for (int i = 0; i < 60'000; ++i) {
    genuine.push_back(i % 10 == 0 ? 1 : 0);
    scores.push_back(rng.normal() + 2 * genuine.back());
  }
  const Roc roc = roc_curve(scores, genuine, Collinear::drop);
  const Curve curve = thinned_curve(roc, "");
  CHECK(curve.x.size() < 1000);
  CHECK(curve.x.size() < roc.points.size() / 5);
  CHECK(curve.x.front() == 0);
  CHECK(curve.y.back() == 1);
  size_t at = 0;
  for (size_t i = 0; i < roc.points.size(); ++i) {
    while (at + 1 < curve.x.size() && curve.x[at + 1] <= roc.far(i) && curve.y[at + 1] <= roc.tar(i)) ++at;
    CHECK(roc.tar(i) - curve.y[at] <= 0.002 + 1e-3);
    CHECK((roc.far(i) - curve.x[at] <= 0.02 * roc.far(i) + 1e-3));
  }
  CHECK(grouped(15'658'489) == "15,658,489");
  CHECK(grouped(-1000) == "-1,000");
  CHECK(grouped(-100) == "-100");
  CHECK(grouped(0) == "0");
}
