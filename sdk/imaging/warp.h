#pragma once
#include <array>
#include <cstdint>

#include "lafs/sample.h"

namespace lafs::imaging {

/// Coordinates to coordinates, in pixels with centres at integers: (m[0] x + m[1] y + m[2], m[3] x + m[4] y + m[5]).
struct Affine {
  std::array<double, 6> m{1, 0, 0, 0, 1, 0};

  double x(double x, double y) const { return m[0] * x + m[1] * y + m[2]; }
  double y(double x, double y) const { return m[3] * x + m[4] * y + m[5]; }
};

/// The way back, in the arithmetic of OpenCV's `warpAffine`. Throws Error for a transformation that has none.
Affine inverse(const Affine& forward);

/// A picture of height x width whose pixel (x, y) is the bilinear value of `picture` at `inverse(forward)` of it; what lies outside counts
/// as black, so edges fade. Byte for byte `cv::warpAffine(..., INTER_LINEAR, BORDER_CONSTANT)` of OpenCV 2 to 4.x on bytes: coordinates in
/// 32nds of a pixel, weights in 1024ths, halves upwards. The same bytes on every machine. Throws Error for a transformation without
/// inverse, or one that leads further than 2^19 pixels away. [any thread]
Image warp(const Image& picture, const Affine& forward, int64_t height, int64_t width);

}  // namespace lafs::imaging
