#include "metrics/retrieval.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "lafs/error.h"
#include "support/error_of.h"
#include "support/made_rows.h"

using namespace lafs;
using namespace lafs::metrics;

namespace {

/// By sorting all others, those of other identities first where they are equal.
Retrieved plain(const Rows& unit, const std::vector<int64_t>& identities, int64_t query) {
  const auto same = [&](int64_t row) { return identities[static_cast<size_t>(row)] == identities[static_cast<size_t>(query)]; };
  std::vector<int64_t> order = test::plain_order(unit, query, unit);
  std::erase(order, query);
  std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) {
    const double x = test::plain_product(unit, query, unit, a), y = test::plain_product(unit, query, unit, b);
    return x != y ? x > y : !same(a) && same(b);
  });
  Retrieved out{query, std::count_if(order.begin(), order.end(), same), same(order[0]), 0};
  double found = 0;
  for (size_t place = 0; place < order.size(); ++place)
    if (same(order[place])) out.average_precision += ++found / static_cast<double>(place + 1);
  out.average_precision /= found;
  return out;
}

}  // namespace

TEST_CASE("retrieval: ranks and precision are those of sorting all others, with ties, for any number of threads") {
  Rows unit = test::unit_rows(300, 9, 3);
  std::vector<int64_t> identities;
  for (int64_t r = 0; r < unit.rows; ++r) identities.push_back(r % 40);
  // Rows 45 to 64 equal rows 1 to 20, which are of other identities: ties.
  std::copy_n(unit.values.begin() + 9, 20 * 9, unit.values.begin() + 45 * 9);
  const Retrieval found = leave_one_out(unit, identities, 4), alone = leave_one_out(unit, identities, 1);
  REQUIRE(found.queries.size() == 300);
  for (int64_t q = 0; q < 300; ++q) {
    const Retrieved expected = plain(unit, identities, q), ours = found.queries[static_cast<size_t>(q)];
    CHECK(ours.mates == expected.mates);
    CHECK(ours.first_is_mate == expected.first_is_mate);
    CHECK(ours.average_precision == doctest::Approx(expected.average_precision).epsilon(1e-12));
    CHECK(ours.average_precision == alone.queries[static_cast<size_t>(q)].average_precision);
  }
  CHECK(found.mean_average_precision == alone.mean_average_precision);
}

TEST_CASE("retrieval: a picture of somebody else that is as similar as the mate comes first") {
  const Rows rows{{1, 0, 1, 0, 1, 0, 0, 1}, 4, 2};
  const std::vector<int64_t> identities{0, 0, 1, 2};
  const Retrieval found = leave_one_out(rows, identities, 1);
  REQUIRE(found.queries.size() == 2);
  CHECK(found.without_mates == 2);
  CHECK_FALSE(found.queries[0].first_is_mate);
  CHECK(found.queries[0].average_precision == 0.5);
  CHECK(found.rank1 == 0);
}

TEST_CASE("retrieval: what has no answer is an error") {
  const Rows two = test::unit_rows(2, 3, 1);
  const std::vector<int64_t> different{0, 1}, three{0, 0, 0};
  CHECK(test::error_of([&] { leave_one_out(two, different, 1); }) == "no picture has another of its identity");
  CHECK(test::error_of([&] { leave_one_out(two, three, 1); }) == "there are 3 identities for 2 rows");
}
