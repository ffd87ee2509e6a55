#include "metrics/gallery_rank.h"

#include <doctest/doctest.h>

#include "lafs/error.h"
#include "metrics/distractor_rank.h"
#include "support/error_of.h"
#include "support/made_rows.h"

using namespace lafs;
using namespace lafs::metrics;

namespace {

double plain_distance(const Rows& a, int64_t i, const Rows& b, int64_t j) {
  double sum = 0;
  for (int64_t k = 0; k < a.width; ++k) {
    const double d = a.row(i)[static_cast<size_t>(k)] - b.row(j)[static_cast<size_t>(k)];
    sum += d * d;
  }
  return sum;
}

}  // namespace

TEST_CASE("gallery rank: the place is that of the first mate in the sorted gallery") {
  const Rows probes = test::unit_rows(60, 8, 1);
  Rows gallery = test::unit_rows(700, 8, 2);
  std::copy_n(gallery.values.begin(), 8 * 20, gallery.values.begin() + 8 * 300);  // ties with rows further down
  std::vector<int64_t> people, who;
  for (int64_t p = 0; p < 60; ++p) people.push_back(p);
  for (int64_t g = 0; g < 700; ++g) who.push_back(g < 100 ? g : -100);  // probes 0 to 59 have a mate each
  for (int64_t g = 300; g < 310; ++g) who[static_cast<size_t>(g)] = g - 300;
  who[59] = -100;
  for (const int64_t deepest : {700, 20}) {
    const GalleryRanks ranks = gallery_ranks(probes, people, PlainRows(gallery), who, deepest, 3);
    CHECK(ranks.probes == 59);
    CHECK(ranks.place[59] == -1);
    for (int64_t p = 0; p < 59; ++p) {
      const auto order = test::plain_order(probes, p, gallery);
      int64_t place = 0;
      while (who[static_cast<size_t>(order[static_cast<size_t>(place)])] != p) ++place;
      CHECK(ranks.place[static_cast<size_t>(p)] == std::min(place, deepest));
    }
    CHECK(ranks.right_at(deepest) <= 59);
  }
}

TEST_CASE("gallery rank: what cannot be ranked is an error") {
  const Rows probes = test::unit_rows(2, 4, 1), gallery = test::unit_rows(3, 4, 2), wide = test::unit_rows(3, 5, 2);
  const std::vector<int64_t> two{1, 2}, three{3, 4, -100};
  CHECK(test::error_of([&] { gallery_ranks(probes, two, PlainRows(gallery), three, 5, 1); }) ==
        "no probe has a picture of its identity in the gallery");
  CHECK(test::error_of([&] { gallery_ranks(probes, three, PlainRows(gallery), three, 5, 1); }) ==
        "there are 3 and 3 identities for 2 probes and 3 gallery rows");
  CHECK(test::error_of([&] { gallery_ranks(probes, two, PlainRows(wide), three, 5, 1); }) ==
        "probes of 4 numbers cannot be compared with a gallery of 5");
}

TEST_CASE("distractor rank: the closest distractor and every comparison are those of plain distances, of rows of any length") {
  Rows probes = test::unit_rows(40, 7, 1), distractors = test::unit_rows(900, 7, 2);
  for (int64_t r = 0; r < 900; ++r)
    for (int64_t k = 0; k < 7; ++k) distractors.values[static_cast<size_t>(7 * r + k)] *= 0.5 + 0.01 * static_cast<double>(r % 97);
  for (int64_t k = 0; k < 7; ++k) distractors.values[static_cast<size_t>(7 * 33 + k)] = k == 6 ? 100 : 0;  // noise, far away
  std::copy_n(probes.values.begin(), 7, probes.values.begin() + 7 * 10);                                   // a mate at distance 0
  std::vector<int64_t> people;
  for (int64_t p = 0; p < 40; ++p) people.push_back(p % 10);
  const DistractorRank found = distractor_rank(probes, people, PlainRows(distractors), 3);
  int64_t right = 0;
  for (int64_t p = 0; p < 40; ++p) {
    int64_t nearest = 0;
    for (int64_t d = 1; d < 900; ++d)
      if (plain_distance(probes, p, distractors, d) < plain_distance(probes, p, distractors, nearest)) nearest = d;
    CHECK(found.nearest[static_cast<size_t>(p)] == nearest);
    for (int64_t m = 0; m < 40; ++m)
      right += m != p && m % 10 == p % 10 && plain_distance(probes, p, probes, m) < plain_distance(probes, p, distractors, nearest);
  }
  CHECK(found.comparisons == 120);
  CHECK(found.right == right);
  CHECK(found.per_person.size() == 10);
}

TEST_CASE("distractor rank: a mate exactly as close as a distractor is not closer") {
  const Rows probes{{1, 0, 0, 1}, 2, 2}, tied{{0, -1}, 1, 2}, far{{-1, -1}, 1, 2};
  const std::vector<int64_t> people{5, 5};
  const DistractorRank found = distractor_rank(probes, people, PlainRows(tied), 1);
  CHECK(found.right == 1);  // of the first probe the distractor is as close as the mate, of the second it is further
  CHECK(distractor_rank(probes, people, PlainRows(far), 1).right == 2);
}

TEST_CASE("distractor rank: what cannot be ranked is an error") {
  const Rows probes = test::unit_rows(2, 4, 1), none{{}, 0, 4}, wide = test::unit_rows(3, 5, 2);
  const std::vector<int64_t> different{1, 2}, same{1, 1}, three{1, 1, 1};
  const auto refusal = [&](const std::vector<int64_t>& people, const Rows& distractors) {
    return test::error_of([&] { distractor_rank(probes, people, PlainRows(distractors), 1); });
  };
  CHECK(refusal(different, probes) == "no person has two probes");
  CHECK(refusal(same, none) == "there are no distractors");
  CHECK(refusal(same, wide) == "probes of 4 numbers cannot be compared with distractors of 5");
  CHECK(refusal(three, probes) == "there are 3 people for 2 probes");
}
