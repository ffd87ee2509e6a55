#include "metrics/pair_distances.h"

#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include "lafs/rng.h"
#include "metrics/embeddings.h"

using namespace lafs;
using namespace lafs::metrics;

namespace {

std::vector<float> drawn_rows(int64_t rows, int64_t width, uint64_t seed) {
  Rng rng(seed);
  std::vector<float> values;
  for (int64_t i = 0; i < rows * width; ++i) values.push_back(static_cast<float>(rng.normal(0.3, 1)));
  return values;
}

void check_near(const std::vector<double>& a, const std::vector<double>& b) {
  REQUIRE(a.size() == b.size());
  double worst = 0;
  for (size_t i = 0; i < a.size(); ++i) worst = std::max(worst, std::abs(a[i] - b[i]));
  CHECK(worst <= 1e-13);
}

}  // namespace

TEST_CASE("pair distances: those of rows written out as unit rows, with and without mirrors") {
  for (const int64_t width : {1, 3, 8, 13, 40}) {
    const std::vector<float> values = drawn_rows(30, 2 * width, static_cast<uint64_t>(width));
    std::vector<Pair> pairs;
    for (int64_t i = 0; i < 15; ++i) pairs.push_back({2 * i, 2 * i + 1, false});
    for (const bool consecutive : {true, false}) {
      if (!consecutive) pairs.push_back({4, 4, true});
      const PairDistances both = pair_distances(values, width, true, pairs);
      Rows sum = flip_sum(to_rows(values, 2 * width));
      normalise_rows(sum);
      check_near(both.squared, squared_distances(sum, pairs));
      check_near(both.cosine, cosine_distances(sum, pairs));
      CHECK(both.mean_norm == doctest::Approx(mean_norm(to_rows(values, width))).epsilon(1e-13));
      std::vector<float> first;
      for (int64_t r = 0; r < 30; ++r) first.insert(first.end(), values.begin() + r * 2 * width, values.begin() + (2 * r + 1) * width);
      Rows plain = to_rows(first, width);
      normalise_rows(plain);
      check_near(both.plain_squared, squared_distances(plain, pairs));
      const PairDistances alone = pair_distances(first, width, false, pairs);
      check_near(alone.squared, squared_distances(plain, pairs));
      CHECK(alone.plain_squared.empty());
      CHECK(alone.mean_norm == doctest::Approx(mean_norm(to_rows(first, width))).epsilon(1e-13));
    }
  }
}

TEST_CASE("pair distances: a zero row is 1 from a unit row, 0 from another, and its cosine is 0") {
  const std::vector<float> values{0, 0, 3, 4, 0, 0};
  const std::vector<Pair> pairs{{0, 1}, {0, 2}, {1, 1}};
  const PairDistances out = pair_distances(values, 2, false, pairs);
  CHECK(out.squared == std::vector<double>{1, 0, 0});
  CHECK(out.cosine == std::vector<double>{1, 1, 0});
}

TEST_CASE("pair distances: equal rows are never below 0 apart") {
  const std::vector<float> values = drawn_rows(200, 7, 5);
  std::vector<Pair> pairs;
  for (int64_t i = 0; i < 200; ++i) pairs.push_back({i, i, true});
  for (const double d : pair_distances(values, 7, false, pairs).squared) {
    CHECK(d >= 0);
    CHECK(d <= 1e-14);
  }
}
