#include "metrics/pairs.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "lafs/error.h"
#include "support/error_of.h"

using namespace lafs;
using namespace lafs::metrics;

namespace {

const std::vector<int64_t> people{0, 0, 0, 1, 1, 2, 3, 3, 3, 3};  // 3 + 1 + 0 + 6 genuine of 45 pairs

std::set<std::pair<int64_t, int64_t>> places(const std::vector<Pair>& pairs) {
  std::set<std::pair<int64_t, int64_t>> set;
  for (const Pair& pair : pairs) set.insert(std::minmax(pair.first, pair.second));
  return set;
}

}  // namespace

TEST_CASE("pairs: all pairs hold each two pictures once with the right label") {
  const auto pairs = all_pairs(people);
  CHECK(pairs.size() == 45);
  CHECK(places(pairs).size() == 45);
  for (const Pair& pair : pairs) CHECK(pair.same == (people[static_cast<size_t>(pair.first)] == people[static_cast<size_t>(pair.second)]));
  CHECK(std::count_if(pairs.begin(), pairs.end(), [](const Pair& pair) { return pair.same; }) == 10);
}

TEST_CASE("pairs: drawn pairs are different ones, rightly labelled, and a function of the seed") {
  for (const auto& [genuine, impostors] : std::vector<std::pair<int64_t, int64_t>>{{4, 7}, {10, 35}, {0, 3}}) {
    const auto pairs = drawn_pairs(people, genuine, impostors, 5);
    CHECK(static_cast<int64_t>(pairs.size()) == genuine + impostors);
    CHECK(places(pairs).size() == pairs.size());
    for (size_t i = 0; i < pairs.size(); ++i) {
      CHECK(pairs[i].same == (static_cast<int64_t>(i) < genuine));
      CHECK(pairs[i].same == (people[static_cast<size_t>(pairs[i].first)] == people[static_cast<size_t>(pairs[i].second)]));
    }
    CHECK(pairs == drawn_pairs(people, genuine, impostors, 5));
    CHECK(pairs != drawn_pairs(people, genuine, impostors, 6));
  }
}

TEST_CASE("pairs: each identity gives one genuine pair before any gives a second") {
  std::set<int64_t> identities;
  for (const Pair& pair : drawn_pairs(people, 3, 0, 1)) identities.insert(people[static_cast<size_t>(pair.first)]);
  CHECK(identities == std::set<int64_t>{0, 1, 3});
}

TEST_CASE("pairs: more pairs than there are is an error") {
  CHECK(test::error_of([] { drawn_pairs(people, 11, 0, 1); }) == "11 genuine pairs were requested, and the pictures have 10");
  CHECK(test::error_of([] { drawn_pairs(people, 0, 36, 1); }) == "36 impostor pairs were requested, and the pictures have 35");
  CHECK(test::error_of([] { drawn_pairs(std::vector<int64_t>{0, 1, 2}, 1, 1, 1); }) ==
        "no identity has two pictures, so there is no genuine pair");
  CHECK(test::error_of([] { all_pairs(std::vector<int64_t>(10000)); }) ==
        "10000 pictures make 49995000 pairs, above 20000000; draw pairs instead");
}

TEST_CASE("pairs: interleaving keeps the pairs and their proportion in every block") {
  const auto pairs = all_pairs(people);
  const auto mixed = interleaved(pairs, 3);
  CHECK(places(mixed) == places(pairs));
  CHECK(mixed == interleaved(pairs, 3));
  CHECK(mixed != interleaved(pairs, 4));
  for (size_t begin = 0; begin + 9 <= mixed.size(); ++begin) {
    const auto same = std::count_if(mixed.begin() + static_cast<int64_t>(begin), mixed.begin() + static_cast<int64_t>(begin) + 9,
                                    [](const Pair& pair) { return pair.same; });
    CHECK(same == 2);
  }
  CHECK(folds_are_mixed(mixed, 9));
  CHECK_FALSE(folds_are_mixed(drawn_pairs(people, 5, 5, 1), 2));
}
