#include "imaging/warp.h"

#include <cmath>
#include <utility>
#include <vector>

#include "imaging/decode.h"
#include "imaging/warp_simd.h"
#include "lafs/error.h"

namespace lafs::imaging {

namespace {

// OpenCV's scheme: 1024ths of a pixel, of which 32nds are kept.
constexpr double units = 1024;
constexpr int32_t half_a_step = 16;

int32_t to_nearest(double value) { return static_cast<int32_t>(std::lrint(value)); }

/// Throws Error where coordinates would not fit: a picture has at most 2^27 pixels, so no face is there.
void check_reach(const Affine& back, int64_t height, int64_t width) {
  constexpr double furthest = 1 << 19;
  for (const double y : {0.0, static_cast<double>(height)}) {
    for (const double x : {0.0, static_cast<double>(width)}) {
      const bool near = std::abs(back.x(x, y)) < furthest && std::abs(back.y(x, y)) < furthest;
      if (!near) throw Error("the transformation leads further from the picture than half a million pixels");
    }
  }
}

/// Steps along a row of the output, the same for every row.
std::vector<int32_t> steps(double by, int64_t width) {
  std::vector<int32_t> out(static_cast<size_t>(width));
  for (size_t x = 0; x < out.size(); ++x) out[x] = to_nearest(by * static_cast<double>(x) * units);
  return out;
}

/// Where row y of the output begins.
int32_t first_place(double by, double start, int64_t y) { return to_nearest((by * static_cast<double>(y) + start) * units) + half_a_step; }

/// One pixel near the border, where each neighbour outside counts as black.
void border_pixel(const Image& picture, int32_t at_x, int32_t at_y, uint8_t* out) {
  const int64_t column = at_x >> 5, row = at_y >> 5;
  const int32_t fx = at_x & 31, fy = at_y & 31;
  const int32_t weights[2][2] = {{(32 - fx) * (32 - fy), fx * (32 - fy)}, {(32 - fx) * fy, fx * fy}};
  int32_t sums[3] = {512, 512, 512};
  for (int64_t i = 0; i < 2; ++i) {
    if (row + i < 0 || row + i >= picture.height) continue;
    for (int64_t j = 0; j < 2; ++j) {
      if (column + j < 0 || column + j >= picture.width) continue;
      const uint8_t* pixel = picture.row(row + i) + 3 * (column + j);
      for (int64_t c = 0; c < 3; ++c) sums[c] += weights[i][j] * pixel[c];
    }
  }
  for (int64_t c = 0; c < 3; ++c) out[c] = static_cast<uint8_t>(sums[c] >> 10);
}

void warp_into(const Image& picture, const Affine& back, int64_t height, int64_t width, uint8_t* out) {
  const std::vector<int32_t> along_x = steps(back.m[0], width), along_y = steps(back.m[3], width);
  std::vector<int32_t> xs(along_x.size()), ys(along_y.size());
  const auto inside = [&](int64_t x) {
    const auto i = static_cast<size_t>(x);
    return xs[i] >= 0 && ys[i] >= 0 && (xs[i] >> 5) < picture.width - 1 && (ys[i] >> 5) < picture.height - 1;
  };
  for (int64_t y = 0; y < height; ++y, out += 3 * width) {
    const planes::WarpRow row{first_place(back.m[1], back.m[2], y), first_place(back.m[4], back.m[5], y), along_x.data(), along_y.data()};
    planes::warp_places(row, width, xs.data(), ys.data());
    // Coordinates only grow or only fall along a row: what lies inside is one piece of it.
    int64_t begin = 0, end = width;
    while (begin < end && !inside(begin)) ++begin;
    while (end > begin && !inside(end - 1)) --end;
    const auto border = [&](int64_t from, int64_t past) {
      for (int64_t x = from; x < past; ++x) border_pixel(picture, xs[static_cast<size_t>(x)], ys[static_cast<size_t>(x)], out + 3 * x);
    };
    border(0, begin);
    planes::warp_row(picture.bytes.get(), 3 * picture.width, xs.data() + begin, ys.data() + begin, end - begin, out + 3 * begin);
    border(end, width);
  }
}

}  // namespace

Affine inverse(const Affine& forward) {
  const auto& m = forward.m;
  const double determinant = m[0] * m[4] - m[1] * m[3];
  if (determinant == 0 || !std::isfinite(determinant)) throw Error("the transformation has no inverse");
  const double d = 1 / determinant;
  const double a = m[4] * d, b = m[1] * -d, c = m[3] * -d, e = m[0] * d;
  return {{a, b, -a * m[2] - b * m[5], c, e, -c * m[2] - e * m[5]}};
}

Image warp(const Image& picture, const Affine& forward, int64_t height, int64_t width) {
  const Affine back = inverse(forward);
  check_reach(back, height, width);
  std::vector<uint8_t> out(static_cast<size_t>(height * width * 3));
  warp_into(picture, back, height, width, out.data());
  return image_of(height, width, std::move(out));
}

}  // namespace lafs::imaging
