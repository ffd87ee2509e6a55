#include <doctest/doctest.h>

#include <cmath>

#include "support/bare_assembly.h"
#include "support/error_of.h"
#include "support/front_door.h"
#include "support/made_features.h"

using namespace lafs;

namespace {

std::shared_ptr<Evaluator> overlap(const std::string& more, test::BareAssembly assembly = {}) {
  return test::make<Evaluator>("landmark_overlap",
                               "data = { use = \"synthetic_faces\", identities = 2, per_identity = 2, size = 16 }\n" + more, assembly);
}

/// Two landmarks, further apart from picture to picture.
std::vector<float> two_points(const FeatureRequest&, int64_t index, bool) { return {50, 50, 50 + 2 * static_cast<float>(index), 50}; }

}  // namespace

TEST_CASE("landmark overlap evaluator: asks for landmarks, and gives mean, variance and the strongest pictures") {
  const auto evaluator = overlap("patch = 8\nlisted = 2");
  const auto requests = evaluator->requests();
  REQUIRE(requests.size() == 1);
  CHECK(requests[0].landmarks);
  CHECK(requests[0].flip == "none");
  const Metrics metrics = evaluator->score(test::MadeFeatures(requests, two_points));
  // Both at one place: 1; then 2, 4 and 6 pixels apart of 8.
  CHECK(test::metric(metrics, "overlap").value == (1 + 0.75 + 0.5 + 0.25) / 4);
  CHECK(test::metric(metrics, "overlap").n == 4);
  CHECK(test::metric(metrics, "overlap_variance").value == doctest::Approx(0.078125));
  CHECK(test::metric(metrics, "overlap").standard_error == doctest::Approx(std::sqrt(0.078125) / 2));
  REQUIRE(metrics.lists.at(0).items.size() == 2);
  CHECK(metrics.lists[0].items[0].what == requests[0].source->key(0));
  CHECK(metrics.notes[0] ==
        "landmark overlap, 4 pictures of 2 landmarks, patches of 8 x 8 pixels in pictures of 112 x 112, each landmark with its nearest "
        "other, mean "
        "over landmarks, then over pictures");
}

TEST_CASE("landmark overlap evaluator: one landmark and an oblong input are errors") {
  const auto evaluator = overlap("");
  const auto one = [](const FeatureRequest&, int64_t, bool) { return std::vector<float>{3, 4}; };
  CHECK(test::error_of([&] { evaluator->score(test::MadeFeatures(evaluator->requests(), one)); }) ==
        "1 landmarks have no nearest other: at least 2 are needed");
  test::BareAssembly oblong;
  oblong.contract.width = 96;
  CHECK(test::error_of([&] { overlap("", oblong); }) ==
        "inline.toml:1:1: error: evaluator \"landmark_overlap\": landmark overlap needs a square input, and this model's has 112 rows and "
        "96 columns");
}
