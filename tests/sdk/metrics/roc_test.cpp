#include "metrics/roc.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "lafs/rng.h"
#include "support/error_of.h"

using namespace lafs;
using namespace lafs::metrics;

namespace {

std::string error_of(const std::vector<double>& scores, const std::vector<uint8_t>& genuine) {
  return test::error_of([&] { roc_curve(scores, genuine, Collinear::keep); });
}

}  // namespace

TEST_CASE("roc: area and points equal those counted one comparison at a time") {
  Rng rng(key_of("roc"));
  std::vector<double> scores;
  std::vector<uint8_t> genuine;
  for (int i = 0; i < 300; ++i) {
    genuine.push_back(rng.coin(0.3) ? 1 : 0);
    scores.push_back(static_cast<double>(rng.integer(0, 60)) + 8 * genuine.back());
  }
  const Roc roc = roc_curve(scores, genuine, Collinear::keep);
  double wins = 0;
  for (size_t g = 0; g < scores.size(); ++g)
    for (size_t i = 0; i < scores.size(); ++i)
      if (genuine[g] && !genuine[i]) wins += scores[g] > scores[i] ? 1 : scores[g] == scores[i] ? 0.5 : 0;
  CHECK(std::abs(area(roc) - wins / static_cast<double>(roc.genuine * roc.impostors)) <= 1e-12);
  for (const RocPoint& point : roc.points) {
    RocPoint counted{0, 0, point.score};
    for (size_t i = 0; i < scores.size(); ++i)
      if (scores[i] >= point.score) ++(genuine[i] ? counted.tp : counted.fp);
    CHECK(counted.fp == point.fp);
    CHECK(counted.tp == point.tp);
  }
}

TEST_CASE("roc: the equal error rate lies where both errors meet") {
  const std::vector<uint8_t> genuine{1, 1, 0, 0};
  CHECK(equal_error_rate(roc_curve(std::vector<double>{4, 3, 2, 1}, genuine, Collinear::keep)) == 0);
  CHECK(equal_error_rate(roc_curve(std::vector<double>{4, 2, 3, 1}, genuine, Collinear::keep)) == 0.5);
  CHECK(equal_error_rate(roc_curve(std::vector<double>{1, 1, 1, 1}, genuine, Collinear::keep)) == 0.5);
  CHECK(equal_error_rate(roc_curve(std::vector<double>{1, 2, 3, 4}, genuine, Collinear::keep)) == 1);
}

TEST_CASE("roc: the point within a rate never exceeds it") {
  const Roc roc = roc_curve(std::vector<double>{9, 8, 7, 6, 5, 4}, std::vector<uint8_t>{1, 0, 1, 0, 1, 0}, Collinear::keep);
  CHECK(roc.tar(point_within(roc, 0)) == 1.0 / 3);
  CHECK(roc.tar(point_within(roc, 0.4)) == 2.0 / 3);
  CHECK(roc.tar(point_within(roc, 1)) == 1);
}

TEST_CASE("roc: a curve that does not exist is an error") {
  CHECK(error_of({1, 2}, {1, 1}) == "a curve needs impostor comparisons, and there are none");
  CHECK(error_of({1, 2}, {0, 0}) == "a curve needs genuine comparisons, and there are none");
  CHECK(error_of({}, {}) == "a curve needs genuine comparisons, and there are none");
  CHECK(error_of({1, std::nan("")}, {0, 1}) == "score 1 is not a number");
  CHECK(error_of({1, 2}, {0}) == "2 scores have 1 labels");
}
