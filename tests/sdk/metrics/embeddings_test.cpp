#include "metrics/embeddings.h"

#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include "support/error_of.h"

using namespace lafs;
using namespace lafs::metrics;
using test::error_of;
TEST_CASE("embeddings: a zero row stays zero") {
  Rows rows = to_rows(std::vector<float>{0, 0, 3, 4}, 2);
  normalise_rows(rows);
  CHECK(rows.values[0] == 0);
  CHECK(rows.values[3] == 0.8);
}

TEST_CASE("embeddings: distance by correlation ignores brightness and contrast") {
  const std::vector<float> pictures{1, 2, 3, 12, 14, 16, 3, 2, 1, 7, 7, 7};
  const std::vector<Pair> pairs{{0, 1}, {0, 2}, {0, 3}, {3, 3}};
  const auto distances = correlation_distances(pictures, 3, pairs);
  CHECK(std::abs(distances[0]) <= 1e-12);
  CHECK(std::abs(distances[1] - 4) <= 1e-12);
  CHECK(std::abs(distances[2] - 1) <= 1e-12);
  CHECK(distances[3] == 0);
}

TEST_CASE("embeddings: distances of unit rows follow from their cosine") {
  Rows rows = to_rows(std::vector<float>{3, 4, 0, 2, -4, 3}, 2);
  normalise_rows(rows);
  const std::vector<Pair> pairs{{0, 1}, {0, 2}, {1, 1}};
  const auto squared = squared_distances(rows, pairs), cosine = cosine_distances(rows, pairs);
  CHECK(cosine[0] == doctest::Approx(0.2));
  CHECK(cosine[1] == doctest::Approx(1));
  CHECK(std::abs(cosine[2]) <= 1e-15);
  for (size_t i = 0; i < pairs.size(); ++i) CHECK(squared[i] == doctest::Approx(2 * cosine[i]));
  CHECK(squared_distances(rows, {}).empty());
}

TEST_CASE("embeddings: rows that cannot be compared are errors") {
  const float nan = std::nanf("");
  CHECK(error_of([&] { to_rows(std::vector<float>{1, 2, 3, nan}, 2); }) == "row 1 of the embeddings is not finite");
  CHECK(error_of([&] { to_rows(std::vector<float>{1, 2, 3}, 2); }) == "3 numbers do not fill rows of 2");
  CHECK(error_of([&] { flip_sum(to_rows(std::vector<float>{1, 2, 3}, 3)); }) == "rows of 3 numbers are not picture and mirror");
  CHECK(first_row_not_finite(std::vector<float>{1, 2, 3, 4, nan, 5}, 2) == 2);
  CHECK_FALSE(first_row_not_finite(std::vector<float>{1, 2}, 2).has_value());
}
