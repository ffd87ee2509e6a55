#include "metrics/nearest.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "lafs/error.h"
#include "support/error_of.h"
#include "support/made_rows.h"
#include "support/vector_units.h"

using namespace lafs;
using namespace lafs::metrics;

namespace {

void check_against_plain(const Rows& queries, const Rows& bank, int64_t k) {
  const NearestRows found = nearest_rows(queries, PlainRows(bank), k, 3);
  CHECK(found.k == std::min(k, bank.rows));
  for (int64_t q = 0; q < queries.rows; ++q) {
    const std::vector<int64_t> order = test::plain_order(queries, q, bank);
    for (int64_t n = 0; n < found.k; ++n) {
      const Neighbour& neighbour = found.of(q)[static_cast<size_t>(n)];
      CHECK(neighbour.row == order[static_cast<size_t>(n)]);
      CHECK(std::abs(neighbour.similarity - test::plain_product(queries, q, bank, neighbour.row)) <= 1e-14);
    }
  }
}

}  // namespace

TEST_CASE("nearest: the neighbours are those of plain products in double precision, on every vector unit") {
  test::on_every_unit([] {
    for (const int64_t width : {1, 7, 16, 61})
      check_against_plain(test::unit_rows(13, width + 3, 1), test::unit_rows(500, width + 3, 2), 9);
  });
}

TEST_CASE("nearest: more neighbours than rows are all rows, in order") {
  check_against_plain(test::unit_rows(5, 12, 1), test::unit_rows(7, 12, 2), 20);
  check_against_plain(test::unit_rows(1, 12, 1), test::unit_rows(1, 12, 2), 1);
}

TEST_CASE("nearest: equal rows come in the order of the bank, however many there are") {
  const Rows three = test::unit_rows(3, 24, 5);
  Rows bank{{}, 900, 24};
  for (int64_t r = 0; r < bank.rows; ++r) bank.values.insert(bank.values.end(), three.row(r % 3).begin(), three.row(r % 3).end());
  const NearestRows found = nearest_rows(three, PlainRows(bank), 200, 2);
  for (int64_t q = 0; q < 3; ++q)
    for (int64_t n = 0; n < 200; ++n) CHECK(found.of(q)[static_cast<size_t>(n)].row == q + 3 * n);
}

TEST_CASE("nearest: rows closer than single precision can tell are told apart") {
  // One component makes the order: row r is better than row r-1 by 1e-12, far below the rounding of fp32.
  Rows bank{{}, 400, 8}, query{{}, 1, 8};
  query.values = {1, 0, 0, 0, 0, 0, 0, 0};
  for (int64_t r = 0; r < bank.rows; ++r) {
    const double first = 0.7 + 1e-12 * static_cast<double>(r);
    bank.values.insert(bank.values.end(), {first, std::sqrt(1 - first * first), 0, 0, 0, 0, 0, 0});
  }
  const NearestRows found = nearest_rows(query, PlainRows(bank), 5, 1);
  for (int64_t n = 0; n < 5; ++n) CHECK(found.of(0)[static_cast<size_t>(n)].row == 399 - n);
}

TEST_CASE("nearest: a bank of several chunks, any number of threads") {
  const int64_t width = 3000;  // a chunk holds 1,398 rows of it
  const Rows queries = test::unit_rows(7, width, 3), bank = test::unit_rows(3000, width, 4);
  const NearestRows one = nearest_rows(queries, PlainRows(bank), 30, 1), five = nearest_rows(queries, PlainRows(bank), 30, 5);
  CHECK(one.neighbours == five.neighbours);
  for (int64_t q = 0; q < queries.rows; ++q) {
    const std::vector<int64_t> order = test::plain_order(queries, q, bank);
    for (int64_t n = 0; n < 30; ++n) CHECK(one.of(q)[static_cast<size_t>(n)].row == order[static_cast<size_t>(n)]);
  }
}

TEST_CASE("nearest: unit rows are picture and mirror added, and divided by their length") {
  const std::vector<float> both{1, 2, 2, 2, 0, 0, 0, 0};
  const Rows rows = all_rows(UnitRows(both, 4, true), 1);
  CHECK(rows.rows == 2);
  CHECK(rows.values == std::vector<double>{0.6, 0.8, 0, 0});
}

TEST_CASE("nearest: what cannot be searched is an error") {
  const Rows two = test::unit_rows(2, 3, 1), none{{}, 0, 3};
  const auto refusal = [&](const Rows& queries, const Rows& bank, int64_t k) {
    return test::error_of([&] { nearest_rows(queries, PlainRows(bank), k, 1); });
  };
  CHECK(refusal(two, none, 1) == "the bank has no rows");
  CHECK(refusal(two, two, 0) == "0 neighbours were asked for");
  CHECK(refusal(two, test::unit_rows(2, 4, 1), 1) == "queries of 3 numbers cannot be compared with rows of 4");
  Rows broken = two;
  broken.values[4] = std::nan("");
  CHECK(refusal(two, broken, 1) == "row 1 of the features is not finite");
  broken.values[4] = 1e20;
  CHECK(refusal(two, broken, 1) == "row 1 is too long for a search in single precision");
  constexpr int64_t wide = 70'000;  // 59 rows are one part of the bank
  const Rows query{std::vector<double>(wide), 1, wide};
  Rows parts{std::vector<double>(61 * wide), 61, wide};
  parts.values[60 * wide] = 1e20;
  CHECK(refusal(query, parts, 1) == "row 60 is too long for a search in single precision");
  const std::vector<float> endless{1, 2, std::numeric_limits<float>::infinity(), 4};
  CHECK(test::error_of([&] { UnitRows(endless, 2, false); }) == "row 1 of the embeddings is not finite");
  CHECK(test::error_of([&] { UnitRows(endless, 1, true); }) == "rows of 1 numbers are not picture and mirror");
}
