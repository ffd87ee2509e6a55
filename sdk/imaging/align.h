#pragma once
#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "imaging/warp.h"
#include "lafs/sample.h"

namespace lafs::imaging {

/// A place in a picture, in pixels; pixel centres are at integers.
struct Point {
  float x = 0, y = 0;
  bool operator==(const Point&) const = default;
};

/// Eye on the left of the picture, eye on the right, nose tip, mouth corner on the left, mouth corner on the right.
using FivePoints = std::array<Point, 5>;

/// Where the five points of a face are to be, and the size of the picture.
struct FaceTemplate {
  int64_t height = 112, width = 112;
  FivePoints points{};
};

/// "arcface": ArcFace's 112 x 112, as InsightFace aligns; `size` is a multiple of 112, or of 128, whose template has 8 more columns on each
/// side (and so many rows below). "sphereface": SphereFace's 96 columns and 112 rows; `size`, the rows, is a multiple of 112. Throws Error
/// for another name or size.
FaceTemplate face_template(std::string_view name, int64_t size = 112);

/// Five points from x0 y0 x1 y1 ...: five themselves, or the 68 of the iBUG scheme: means of 36 and 39, of 42 and 45, then 30, 48 and 54.
/// Throws Error for any other count, and for a number that is not finite.
FivePoints five_points(std::span<const float> numbers);

/// The similarity (rotation, one scale, shift; no reflection) that brings `from` nearest to `to` in the sum of squares: Umeyama, IEEE PAMI
/// 13(4), 1991, in its closed form for the plane, in double. Throws Error where there is none: all points are one, or nothing in their
/// arrangement is that of `to`.
///
///     const Affine forward = similarity(landmarks, face_template("arcface").points);
///     const Image aligned = warp(picture, forward, 112, 112);
Affine similarity(const FivePoints& from, const FivePoints& to);

/// The picture warped so that its five points come to those of the template. Throws Error as `similarity` and `warp` do. [any thread]
Image align(const Image& picture, const FivePoints& points, const FaceTemplate& to);

}  // namespace lafs::imaging
