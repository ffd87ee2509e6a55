#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include <doctest/doctest.h>

#include "imaging/decode.h"
#include "imaging/tensor_ops.h"
#include "lafs/rng.h"
#include "support/vector_units.h"
#include "tensor_oracle.h"

using Bytes = std::vector<uint8_t>;

namespace {

/// One output row or column of the oracle: two inputs and the second's weight.
struct Between {
  int64_t first, second;
  float weight;
};

Between between(int64_t i, int64_t in, int64_t out) {
  const float at = std::max(0.0f, static_cast<float>(in) / static_cast<float>(out) * (static_cast<float>(i) + 0.5f) - 0.5f);
  const int64_t first = std::min(static_cast<int64_t>(at), in - 1);
  return {first, std::min(first + 1, in - 1), std::clamp(at - static_cast<float>(first), 0.0f, 1.0f)};
}

lafs::Image noise(lafs::Rng& rng, int64_t height, int64_t width) {
  Bytes bytes;
  for (int64_t i = 0; i < height * width * 3; ++i) bytes.push_back(static_cast<uint8_t>(rng.integer(0, 256)));
  return lafs::imaging::image_of(height, width, std::move(bytes));
}

/// A box of at least the given size.
lafs::imaging::Box box_in(const lafs::Image& image, lafs::Rng& rng, int64_t height, int64_t width) {
  lafs::imaging::Box box;
  box.height = rng.integer(height, image.height + 1);
  box.width = rng.integer(width, image.width + 1);
  box.top = rng.integer(0, image.height - box.height + 1);
  box.left = rng.integer(0, image.width - box.width + 1);
  return box;
}

/// The four terms pixel by pixel, with the standard library's fused multiply-add.
Bytes crop_by_pixels(const lafs::Image& image, const lafs::imaging::Box& box, int64_t height, int64_t width) {
  Bytes out;
  for (int64_t i = 0; i < height * width * 3; ++i) {
    const Between y = between(i / 3 / width, box.height, height), x = between(i / 3 % width, box.width, width);
    const auto value = [&](int64_t row, int64_t column) {
      return static_cast<float>(image.row(box.top + row)[(box.left + column) * 3 + i % 3]);
    };
    const float up = 1.0f - y.weight, left = 1.0f - x.weight;
    float sum = up * x.weight * value(y.first, x.second);
    sum = std::fma(up * left, value(y.first, x.first), sum);
    sum = std::fma(y.weight * left, value(y.second, x.first), sum);
    sum = std::fma(y.weight * x.weight, value(y.second, x.second), sum);
    out.push_back(static_cast<uint8_t>(std::nearbyint(sum)));
  }
  return out;
}

/// Our crop gives the oracle's bytes, on every vector unit.
void crop_agrees(const lafs::Image& image, const lafs::imaging::Box& box, int64_t height, int64_t width) {
  const Bytes expected = crop_by_pixels(image, box, height, width);
  lafs::test::on_every_unit([&] {
    Bytes out(static_cast<size_t>(height * width * 3));
    lafs::imaging::crop_resize_bilinear(image, box, height, width, out);
    CHECK(out == expected);
  });
}

}  // namespace

TEST_CASE("tensor_ops: a crop is enlarged and made smaller to the bytes of the sum pixel by pixel") {
  lafs::Rng rng(5);
  for (int trial = 0; trial < 60; ++trial) {
    const lafs::Image image = noise(rng, rng.integer(1, 40), rng.integer(1, 40));
    const lafs::imaging::Box box = box_in(image, rng, 1, 1);
    const int64_t rows = rng.integer(1, 60), columns = rng.integer(1, 60);
    crop_agrees(image, box, rows, columns);
  }
}

TEST_CASE("tensor_ops: a crop of the mirrored picture is the crop after mirroring") {
  lafs::Rng rng(6);
  for (int trial = 0; trial < 60; ++trial) {
    const lafs::Image image = noise(rng, rng.integer(1, 40), rng.integer(1, 40));
    const bool small = trial % 2 == 0;  // half of them are made smaller, the others larger or left at their size
    const lafs::imaging::Box box = box_in(image, rng, 1, 1);
    const int64_t rows = rng.integer(1, 60), columns = small ? rng.integer(1, box.width + 1) : rng.integer(box.width, 60);
    Bytes turned(image.bytes.get(), image.bytes.get() + image.size());
    lafs::imaging::mirror(turned, image.width);
    const Bytes expected = crop_by_pixels(lafs::imaging::image_of(image.height, image.width, std::move(turned)), box, rows, columns);
    lafs::test::on_every_unit([&] {
      Bytes out(expected.size());
      lafs::imaging::crop_resize_bilinear(image, box, rows, columns, out, /*mirrored=*/true);
      CHECK(out == expected);
    });
  }
}

TEST_CASE("tensor_ops: faces of the usual size give the bytes of the sum pixel by pixel") {
  lafs::Rng rng(7);
  for (int trial = 0; trial < 4; ++trial) {
    const lafs::Image image = noise(rng, 112, 112);
    crop_agrees(image, box_in(image, rng, 90, 90), 112, 112);
  }
}

TEST_CASE("tensor_ops: colours change to the bytes of the rule pixel by pixel on every kind of vectors") {
  lafs::Rng rng(8);
  using lafs::imaging::HueRule;
  for (const int64_t pixels : {1, 2, 15, 63, 64, 65, 127, 2000, 12544}) {
    CAPTURE(pixels);
    const lafs::Image image = noise(rng, 1, pixels);
    const Bytes before(image.bytes.get(), image.bytes.get() + image.size());
    const double factor = rng.uniform(0, 2), shift = rng.uniform(-0.5, 0.5);
    Bytes brighter = before, stronger = before, fuller = before, turned = before, newer = before;
    lafs::test::brightness_by_pixels(brighter, factor);
    lafs::test::contrast_by_pixels(stronger, factor);
    lafs::test::saturation_by_pixels(fuller, factor);
    lafs::test::hue_by_pixels(turned, shift, 255.0f);
    lafs::test::hue_by_pixels(newer, shift, 255.999f);
    lafs::test::on_every_unit([&] {
      const auto after = [&](const auto& change) {
        Bytes bytes = before;
        change(bytes);
        return bytes;
      };
      CHECK(after([&](Bytes& b) { lafs::imaging::adjust_brightness(b, factor); }) == brighter);
      CHECK(after([&](Bytes& b) { lafs::imaging::adjust_contrast(b, factor); }) == stronger);
      CHECK(after([&](Bytes& b) { lafs::imaging::adjust_saturation(b, factor); }) == fuller);
      CHECK(after([&](Bytes& b) { lafs::imaging::adjust_hue(b, shift, HueRule::times_255); }) == turned);
      CHECK(after([&](Bytes& b) { lafs::imaging::adjust_hue(b, shift, HueRule::times_255_999); }) == newer);
    });
  }
}

TEST_CASE("tensor_ops: every hue, saturation and value of a coarse colour cube turns to the bytes of the rule") {
  Bytes cube;
  for (int r = 0; r < 256; r += 5) {
    for (int g = 0; g < 256; g += 3) {
      for (int b = 0; b < 256; b += 5) {
        for (const int v : {r, g, b}) cube.push_back(static_cast<uint8_t>(v));
      }
    }
  }
  for (const double shift : {-0.1, 0.0, 0.037, 0.5}) {
    Bytes expected = cube;
    lafs::test::hue_by_pixels(expected, shift, 255.0f);
    lafs::test::on_every_unit([&] {
      Bytes bytes = cube;
      lafs::imaging::adjust_hue(bytes, shift);
      CHECK(bytes == expected);
    });
  }
}

TEST_CASE("tensor_ops: brightness clamps and truncates") {
  Bytes rgb{100, 0, 255, 1, 99, 250};
  lafs::imaging::adjust_brightness(rgb, 1.5);
  CHECK(rgb == Bytes{150, 0, 255, 1, 148, 255});
}

TEST_CASE("tensor_ops: saturation zero leaves truncated grey") {
  Bytes rgb{200, 100, 50};
  lafs::imaging::adjust_saturation(rgb, 0);
  CHECK(rgb == Bytes{124, 124, 124});
}

TEST_CASE("tensor_ops: contrast zero leaves the mean of the grey picture") {
  Bytes rgb{0, 0, 0, 201, 201, 201};
  lafs::imaging::adjust_contrast(rgb, 0);
  CHECK(rgb == Bytes(6, 100));
}

TEST_CASE("tensor_ops: a third of the circle turns red into green") {
  Bytes rgb{255, 0, 0};
  lafs::imaging::adjust_hue(rgb, 1.0 / 3, lafs::imaging::HueRule::times_255_999);
  CHECK(rgb[0] <= 1);
  CHECK(rgb[1] == 255);
  CHECK(rgb[2] == 0);
}

TEST_CASE("tensor_ops: mirroring twice gives the picture back, and the middle stays") {
  const Bytes before{1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 14, 15, 16, 17, 18, 19};
  Bytes rgb = before;
  lafs::imaging::mirror(rgb, 3);
  CHECK(rgb == Bytes{7, 8, 9, 4, 5, 6, 1, 2, 3, 17, 18, 19, 14, 15, 16, 11, 12, 13});
  lafs::imaging::mirror(rgb, 3);
  CHECK(rgb == before);
}

TEST_CASE("tensor_ops: a mirrored copy is the mirrored picture on every kind of vectors") {
  lafs::Rng rng(9);
  for (const int64_t width : {1, 2, 15, 16, 17, 33, 112}) {
    const lafs::Image image = noise(rng, 3, width);
    lafs::test::on_every_unit([&] {
      Bytes copy(static_cast<size_t>(image.size())), in_place(image.bytes.get(), image.bytes.get() + image.size());
      lafs::imaging::mirror(image, copy);
      lafs::imaging::mirror(in_place, width);
      CHECK(copy == in_place);
      for (int64_t i = 0; i < image.size(); ++i) {
        const int64_t x = i / 3 % width;
        CHECK(copy[static_cast<size_t>(i)] == image.row(i / 3 / width)[(width - 1 - x) * 3 + i % 3]);
      }
    });
  }
}

TEST_CASE("tensor_ops: erasing fills the box and nothing else") {
  Bytes rgb(3 * 4 * 3, 9);
  lafs::imaging::erase(rgb, 4, {1, 2, 2, 1}, 5);
  for (size_t i = 0; i < 12; ++i) {
    const size_t y = i / 4, x = i % 4;
    CHECK(rgb[i * 3] == (y >= 1 && x == 2 ? 5 : 9));
  }
}
