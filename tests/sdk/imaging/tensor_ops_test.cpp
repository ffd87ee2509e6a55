#include <cstdint>
#include <vector>

#include <doctest/doctest.h>

#include "imaging/tensor_ops.h"

using Bytes = std::vector<uint8_t>;

TEST_CASE("tensor_ops: brightness clamps and truncates") {
  Bytes rgb{100, 0, 255, 1, 99, 250};
  lafs::adjust_brightness(rgb, 1.5);
  CHECK(rgb == Bytes{150, 0, 255, 1, 148, 255});
}

TEST_CASE("tensor_ops: saturation zero leaves truncated grey") {
  Bytes rgb{200, 100, 50};
  lafs::adjust_saturation(rgb, 0);
  CHECK(rgb == Bytes{124, 124, 124});
}

TEST_CASE("tensor_ops: contrast zero leaves the mean of the grey picture") {
  Bytes rgb{0, 0, 0, 201, 201, 201};
  lafs::adjust_contrast(rgb, 0);
  CHECK(rgb == Bytes(6, 100));
}

TEST_CASE("tensor_ops: a third of the circle turns red into green") {
  Bytes rgb{255, 0, 0};
  lafs::adjust_hue(rgb, 1.0 / 3, lafs::HueRule::times_255_999);
  CHECK(rgb[0] <= 1);
  CHECK(rgb[1] == 255);
  CHECK(rgb[2] == 0);
}

TEST_CASE("tensor_ops: mirroring twice gives the picture back, and the middle stays") {
  const Bytes before{1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 14, 15, 16, 17, 18, 19};
  Bytes rgb = before;
  lafs::mirror(rgb, 3);
  CHECK(rgb == Bytes{7, 8, 9, 4, 5, 6, 1, 2, 3, 17, 18, 19, 14, 15, 16, 11, 12, 13});
  lafs::mirror(rgb, 3);
  CHECK(rgb == before);
}

TEST_CASE("tensor_ops: erasing fills the box and nothing else") {
  Bytes rgb(3 * 4 * 3, 9);
  lafs::erase(rgb, 4, {1, 2, 2, 1}, 5);
  for (size_t i = 0; i < 12; ++i) {
    const size_t y = i / 4, x = i % 4;
    CHECK(rgb[i * 3] == (y >= 1 && x == 2 ? 5 : 9));
  }
}
