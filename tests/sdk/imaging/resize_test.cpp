#include <cstdint>
#include <vector>

#include <doctest/doctest.h>

#include "imaging/decode.h"
#include "imaging/resize.h"
#include "imaging/tensor_ops.h"

namespace {

lafs::Image columns(int64_t height, const std::vector<uint8_t>& values) {
  std::vector<uint8_t> bytes;
  for (int64_t y = 0; y < height; ++y) {
    for (const uint8_t v : values) bytes.insert(bytes.end(), {v, v, v});
  }
  return lafs::imaging::image_of(height, static_cast<int64_t>(values.size()), std::move(bytes));
}

std::vector<int> first_row(const lafs::Image& image) {
  std::vector<int> row;
  for (int64_t x = 0; x < image.width; ++x) row.push_back(image.row(0)[x * 3]);
  return row;
}

}  // namespace

TEST_CASE("resize: a constant stays constant, at any size and with either kernel") {
  const lafs::Image flat = columns(7, std::vector<uint8_t>(5, 77));
  for (const auto kernel : {lafs::imaging::ResampleFilter::triangle, lafs::imaging::ResampleFilter::cubic}) {
    std::vector<uint8_t> out(13 * 3 * 3);
    lafs::imaging::resize(flat, kernel, 13, 3, out);
    for (const uint8_t v : out) CHECK(v == 77);
  }
}

TEST_CASE("resize: shrinking averages instead of picking") {
  CHECK(first_row(lafs::imaging::resized(columns(2, {0, 200, 0, 200, 0, 200, 0, 200}), lafs::imaging::ResampleFilter::triangle, 2, 2)) ==
        std::vector<int>{93, 107});
}

TEST_CASE("resize: enlarging interpolates between centres") {
  CHECK(first_row(lafs::imaging::resized(columns(1, {0, 100}), lafs::imaging::ResampleFilter::triangle, 1, 4)) ==
        std::vector<int>{0, 25, 75, 100});
}

TEST_CASE("resize: enlarging agrees with the crop of the tensor path") {
  const lafs::Image image = columns(3, {0, 100, 30, 220});
  std::vector<uint8_t> out(9 * 11 * 3);
  lafs::imaging::crop_resize_bilinear(image, {0, 0, 3, 4}, 9, 11, out);
  const lafs::Image other = lafs::imaging::resized(image, lafs::imaging::ResampleFilter::triangle, 9, 11);
  for (size_t i = 0; i < out.size(); ++i) CHECK(std::abs(out[i] - other.bytes.get()[i]) <= 1);
}
