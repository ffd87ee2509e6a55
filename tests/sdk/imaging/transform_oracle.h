#pragma once
/// Pillow's geometry and smoothing read off finetuning.md 3.2, a byte at a time on interleaved RGB.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>

#include "pillow_oracle.h"

namespace lafs::test {

/// The cubic with slope -1 between v[1] and v[2]; the derivative at v[1] is v[2] - v[0].
inline double slope_cubic(const std::array<double, 4>& v, double t) {
  const double linear = v[2] - v[0], square = 2 * (v[0] - v[1]) + v[2] - v[3], cube = -v[0] + v[1] - v[2] + v[3];
  return v[1] + t * (linear + t * (square + t * cube));
}

/// One value of channel c between pixels, before it becomes a byte; x and y are at most half a pixel outside.
inline double value_at(const Rgb& in, double x, double y, int64_t c, bool cubic) {
  const double left = std::floor(x), top = std::floor(y), dx = x - left, dy = y - top;
  const auto pixel = [&](int64_t down, int64_t across) {
    const int64_t row = std::clamp<int64_t>(static_cast<int64_t>(top) + down, 0, in.height - 1);
    return static_cast<double>(in.at(row, std::clamp<int64_t>(static_cast<int64_t>(left) + across, 0, in.width - 1), c));
  };
  if (!cubic) {
    const auto row = [&](int64_t down) { return pixel(down, 0) + (pixel(down, 1) - pixel(down, 0)) * dx; };
    return row(0) + (row(1) - row(0)) * dy;
  }
  std::array<double, 4> rows{};
  for (int64_t k = 0; k < 4; ++k) {
    rows[static_cast<size_t>(k)] = slope_cubic({pixel(k - 1, -1), pixel(k - 1, 0), pixel(k - 1, 1), pixel(k - 1, 2)}, dx);
  }
  return slope_cubic(rows, dy);
}

inline Rgb transformed(const Rgb& in, const std::array<double, 6>& back, bool cubic, uint8_t fill) {
  Rgb out{in.height, in.width, {}};
  for (int64_t j = 0; j < in.height; ++j) {
    for (int64_t i = 0; i < in.width; ++i) {
      const double at_x = static_cast<double>(i) + 0.5, at_y = static_cast<double>(j) + 0.5;
      const double x = back[0] * at_x + back[1] * at_y + back[2], y = back[3] * at_x + back[4] * at_y + back[5];
      const bool inside = x >= 0 && x < static_cast<double>(in.width) && y >= 0 && y < static_cast<double>(in.height);
      for (int64_t c = 0; c < 3; ++c) out.bytes.push_back(inside ? byte(value_at(in, x - 0.5, y - 0.5, c, cubic)) : fill);
    }
  }
  return out;
}

/// Weights 1 and in the centre 5, divided by 13, rounded; the outermost pixels stay.
inline Rgb smoothed(const Rgb& in) {
  Rgb out = in;
  for (int64_t y = 1; y + 1 < in.height; ++y) {
    for (int64_t x = 1; x + 1 < in.width; ++x) {
      for (int64_t c = 0; c < 3; ++c) {
        int64_t sum = 4 * in.at(y, x, c);
        for (int64_t k = 0; k < 9; ++k) sum += in.at(y - 1 + k / 3, x - 1 + k % 3, c);
        out.bytes[static_cast<size_t>((y * in.width + x) * 3 + c)] = static_cast<uint8_t>(std::floor(static_cast<double>(sum) / 13 + 0.5));
      }
    }
  }
  return out;
}

}  // namespace lafs::test
