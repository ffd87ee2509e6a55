#include "metrics/group_accuracy.h"

#include <doctest/doctest.h>

#include <cmath>

#include "lafs/error.h"
#include "metrics/asked_rows.h"
#include "metrics/megaface_cleaning.h"
#include "support/error_of.h"

using namespace lafs;
using namespace lafs::metrics;

TEST_CASE("group accuracy: each group has folds and thresholds of its own") {
  // The same order of distances at another scale: one threshold for both would be wrong for one of them.
  const GroupPairs near{"near", {0.1, 0.3, 0.1, 0.3}, {1, 0, 1, 0}}, far{"far", {1.1, 1.3, 1.1, 1.3}, {1, 0, 1, 0}};
  const GroupPairs poor{"poor", {1.1, 1.3, 1.3, 1.1}, {1, 0, 1, 0}};
  const std::vector<GroupPairs> good{near, far}, mixed{near, poor};
  const GroupAccuracy found = accuracy_by_group(good, 2);
  CHECK(found.mean == 1);
  CHECK(found.std == 0);
  CHECK(found.error_ratio == 1);
  const GroupAccuracy unequal = accuracy_by_group(mixed, 2);
  CHECK(unequal.groups[1].mean < 1);
  CHECK(unequal.mean == (1 + unequal.groups[1].mean) / 2);
  CHECK(unequal.std == doctest::Approx((1 - unequal.groups[1].mean) / std::sqrt(2)));
  CHECK(std::isnan(unequal.error_ratio));
}

TEST_CASE("group accuracy: a group that does not fill its folds is named") {
  const std::vector<GroupPairs> groups{{"small", {0.1}, {1}}};
  CHECK(test::error_of([&] { accuracy_by_group(groups, 2); }) == "group \"small\": 1 pairs do not fill 2 folds");
  CHECK(test::error_of([] { accuracy_by_group({}, 2); }) == "there are no groups of pairs");
}

TEST_CASE("standard errors: of a share and of a mean") {
  CHECK(share_error(0.5, 100) == 0.05);
  CHECK(mean_error(std::vector<double>{1, 3}) == doctest::Approx(1 / std::sqrt(2)));
}

TEST_CASE("megaface cleaning: a person without a clean picture keeps only noise of length one, and seeds differ") {
  const Rows unit{{1, 0, 0, 1}, 2, 2};
  MegafaceNoise noise{{true, false}, {}, {"A", "B"}, 1};
  const Rows one = cleaned_probes(unit, noise);
  noise.seed = 2;
  CHECK(one.values != cleaned_probes(unit, noise).values);
  CHECK(one.row(0)[0] * one.row(0)[0] + one.row(0)[1] * one.row(0)[1] == doctest::Approx(1));
  CHECK(std::vector<double>(one.row(1).begin(), one.row(1).end()) == std::vector<double>{0, 1, 0});
  CHECK(test::error_of([&] { cleaned_distractors(unit, noise); }) == "0 marks of noise are given for 2 rows");
}
