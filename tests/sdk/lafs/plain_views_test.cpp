#include "lafs/plain_views.h"

#include <stdexcept>
#include <vector>

#include <doctest/doctest.h>

using namespace lafs;

TEST_CASE("plain views: each view has bytes and landmarks of its own, group after group") {
  PlainViews views({{"global", 2, 4, 3}, {"local", 1, 2, 2}}, 7);
  REQUIRE(views.images.size() == 3);
  CHECK(views.images[0] == std::vector<uint8_t>(4 * 3 * 3, 7));
  CHECK(views.image(1, 0).size() == 2 * 2 * 3);
  views.image(0, 1)[5] = 1;
  views.image(1, 0)[0] = 2;
  CHECK(views.images[1][5] == 1);
  CHECK(views.images[2][0] == 2);
  views.landmarks(0, 1, std::vector<float>{1, 2});
  CHECK(views.points == std::vector<std::vector<float>>{{}, {1, 2}, {}});
  CHECK_THROWS_AS(views.image(2, 0), std::out_of_range);
}
