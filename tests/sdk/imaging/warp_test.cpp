#include "imaging/warp.h"

#include <cmath>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <opencv2/imgproc.hpp>

#include "imaging/decode.h"
#include "lafs/rng.h"
#include "support/error_of.h"
#include "support/vector_units.h"

namespace lafs::test {
namespace {

using imaging::Affine;
using Bytes = std::vector<uint8_t>;

Image noise(Rng& rng, int64_t height, int64_t width) {
  Bytes bytes(static_cast<size_t>(height * width * 3));
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(rng.integer(0, 256));
  return imaging::image_of(height, width, std::move(bytes));
}

Bytes bytes_of(const Image& image) { return {image.bytes.get(), image.bytes.get() + image.size()}; }

/// The rule as it is written down, pixel by pixel in double and 64 bits.
Bytes plainly(const Image& picture, const Affine& forward, int64_t height, int64_t width) {
  const auto m = imaging::inverse(forward).m;
  const auto place = [&](double by_x, double by_y, double start, int64_t x, int64_t y) {
    const double row = (by_y * static_cast<double>(y) + start) * 1024, column = by_x * static_cast<double>(x) * 1024;
    return (static_cast<int64_t>(std::nearbyint(row)) + 16 + static_cast<int64_t>(std::nearbyint(column))) >> 5;
  };
  const auto at = [&](int64_t row, int64_t column, int64_t c) -> int64_t {
    const bool there = row >= 0 && row < picture.height && column >= 0 && column < picture.width;
    return there ? picture.row(row)[3 * column + c] : 0;
  };
  Bytes out;
  for (int64_t y = 0; y < height; ++y) {
    for (int64_t x = 0; x < width; ++x) {
      const int64_t px = place(m[0], m[1], m[2], x, y), py = place(m[3], m[4], m[5], x, y);
      const int64_t column = px >> 5, row = py >> 5, fx = px & 31, fy = py & 31;
      for (int64_t c = 0; c < 3; ++c) {
        const int64_t sum = (32 - fx) * (32 - fy) * 32 * at(row, column, c) + fx * (32 - fy) * 32 * at(row, column + 1, c) +
                            (32 - fx) * fy * 32 * at(row + 1, column, c) + fx * fy * 32 * at(row + 1, column + 1, c);
        out.push_back(static_cast<uint8_t>((sum + 16384) >> 15));
      }
    }
  }
  return out;
}

/// Small and large, turned, mirrored and sheared, inside, across the border and beside the picture.
Affine any_affine(Rng& rng, int64_t height, int64_t width) {
  const double angle = rng.uniform() * 6.3, scale = std::exp(rng.uniform() * 4 - 2), shear = rng.uniform() - 0.5;
  const double flip = rng.coin(0.25) ? -1 : 1;
  const double a = scale * std::cos(angle), b = scale * std::sin(angle);
  const double centre_x = rng.uniform() * static_cast<double>(width), centre_y = rng.uniform() * static_cast<double>(height);
  Affine out{{a, -b * flip + shear * scale, 0, b, a * flip, 0}};
  out.m[2] = rng.uniform() * 60 - out.x(centre_x, centre_y);
  out.m[5] = rng.uniform() * 60 - out.y(centre_x, centre_y);
  return out;
}

TEST_CASE("warp: the bytes of the rule and of OpenCV, on every vector unit") {
  on_every_unit([] {
    Rng rng(7);
    for (int i = 0; i < 300; ++i) {
      CAPTURE(i);
      // From one pixel on: then every neighbour is a border.
      const int64_t height = rng.integer(1, i % 3 == 0 ? 4 : 90), width = rng.integer(1, i % 5 == 0 ? 3 : 90);
      const int64_t rows = rng.integer(1, 70), columns = rng.integer(1, 70);
      const Image picture = noise(rng, height, width);
      const Affine forward = any_affine(rng, height, width);
      const Bytes ours = bytes_of(imaging::warp(picture, forward, rows, columns));
      CHECK(ours == plainly(picture, forward, rows, columns));
      const cv::Mat from(static_cast<int>(height), static_cast<int>(width), CV_8UC3, const_cast<uint8_t*>(picture.bytes.get()));
      const cv::Mat matrix(2, 3, CV_64F, const_cast<double*>(forward.m.data()));
      cv::Mat to;
      cv::warpAffine(from, to, matrix, {static_cast<int>(columns), static_cast<int>(rows)}, cv::INTER_LINEAR, cv::BORDER_CONSTANT, {});
      CHECK(ours == Bytes(to.datastart, to.dataend));
    }
  });
}

TEST_CASE("warp: nothing moved is the picture itself, and a shift moves it and fills with black") {
  Rng rng(3);
  const Image picture = noise(rng, 20, 30);
  CHECK(bytes_of(imaging::warp(picture, {}, 20, 30)) == bytes_of(picture));
  const Image moved = imaging::warp(picture, {{1, 0, 8, 0, 1, 0}}, 20, 30);
  for (int64_t y = 0; y < 20; ++y) {
    for (int64_t x = 0; x < 90; ++x) CHECK(moved.row(y)[x] == (x < 24 ? 0 : picture.row(y)[x - 24]));
  }
}

TEST_CASE("warp: a transformation that cannot be undone, or that leads far away, is refused") {
  Rng rng(3);
  const Image picture = noise(rng, 4, 4);
  const auto said = [&](const Affine& forward) { return error_of([&] { imaging::warp(picture, forward, 8, 8); }); };
  CHECK(said({{1, 2, 0, 2, 4, 0}}) == "the transformation has no inverse");
  CHECK(said({{std::nan(""), 0, 0, 0, 1, 0}}) == "the transformation has no inverse");
  CHECK(said({{1e-7, 0, 0, 0, 1e-7, 0}}) == "the transformation leads further from the picture than half a million pixels");
  CHECK(said({{1, 0, std::nan(""), 0, 1, 0}}) == "the transformation leads further from the picture than half a million pixels");
}

}  // namespace
}  // namespace lafs::test
