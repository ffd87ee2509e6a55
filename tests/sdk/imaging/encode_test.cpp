#include "imaging/encode.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include <doctest/doctest.h>

#include "imaging/decode.h"
#include "imaging/quick_png.h"
#include "lafs/error.h"

namespace {

/// Smooth brightness, with colours that change from column to column.
lafs::Image picture(int64_t height, int64_t width) {
  std::vector<uint8_t> bytes;
  for (int64_t y = 0; y < height; ++y) {
    for (int64_t x = 0; x < width; ++x) {
      for (int64_t c = 0; c < 3; ++c) bytes.push_back(static_cast<uint8_t>(60 + 2 * y + (x % 2 == 0 ? 40 * c : 80 - 40 * c)));
    }
  }
  return lafs::imaging::image_of(height, width, std::move(bytes));
}

int largest_difference(const lafs::Image& a, const lafs::Image& b) {
  int largest = 0;
  for (int64_t i = 0; i < a.size(); ++i) largest = std::max(largest, std::abs(a.bytes.get()[i] - b.bytes.get()[i]));
  return largest;
}

}  // namespace

TEST_CASE("encode: PNG gives every number back") {
  const lafs::Image image = picture(17, 23), back = lafs::imaging::decode_image(lafs::imaging::encode_png(image));
  REQUIRE(back.height == 17);
  REQUIRE(back.width == 23);
  CHECK(largest_difference(image, back) == 0);
}

TEST_CASE("encode: a quick PNG gives every number back too") {
  for (const auto& [height, width] : {std::pair<int64_t, int64_t>{17, 23}, {1, 1}, {112, 112}, {1, 300}, {300, 1}}) {
    const lafs::Image image = picture(height, width), back = lafs::imaging::decode_image(lafs::imaging::encode_png_quickly(image));
    REQUIRE(back.height == height);
    REQUIRE(back.width == width);
    CHECK(largest_difference(image, back) == 0);
  }
  CHECK(lafs::imaging::encode_png_quickly(picture(9, 5)) == lafs::imaging::encode_png_quickly(picture(9, 5)));
}

TEST_CASE("encode: JPEG keeps fine colour only at full chroma, and the quality counts") {
  const lafs::Image image = picture(24, 32);
  const auto full = lafs::imaging::encode_jpeg(image, 95, true), half = lafs::imaging::encode_jpeg(image);
  CHECK(largest_difference(image, lafs::imaging::decode_image(full)) <= 12);
  CHECK(largest_difference(image, lafs::imaging::decode_image(half)) > 20);
  CHECK(lafs::imaging::encode_jpeg(image, 30, true).size() < full.size());
  CHECK(full == lafs::imaging::encode_jpeg(image, 95, true));
  CHECK(half == lafs::imaging::encode_jpeg(image, 95, false));
  CHECK_THROWS_WITH_AS(lafs::imaging::encode_jpeg(image, 0), "a JPEG quality of 0 is outside [1, 100]", lafs::Error);
}

TEST_CASE("decode: the size of a picture is read from its header") {
  const std::pair<int64_t, int64_t> size{24, 32};
  CHECK(lafs::imaging::image_size(lafs::imaging::encode_png(picture(24, 32))) == size);
  std::vector<uint8_t> jpeg = lafs::imaging::encode_jpeg(picture(24, 32));
  jpeg.resize(jpeg.size() - 40);
  CHECK(lafs::imaging::image_size(jpeg) == size);
  const std::string pgm = "P5 32 24 255\n";
  CHECK(lafs::imaging::image_size(std::vector<uint8_t>(pgm.begin(), pgm.end())) == size);
  CHECK_THROWS_WITH_AS(lafs::imaging::image_size(std::vector<uint8_t>{1, 2, 3}), "is not a JPEG, PNG, WebP, BMP, TIFF or PNM image",
                       lafs::Error);
}
