#include "imaging/align.h"

#include <cmath>
#include <string>

#include <fmt/format.h>

#include "lafs/error.h"
#include "lafs/suggestion.h"

namespace lafs::imaging {

namespace {

/// SphereFace's 96 x 112. ArcFace's 112 x 112 is the same with 8 added to every x, in float32.
constexpr FivePoints sphereface_points{
    {{30.2946F, 51.6963F}, {65.5318F, 51.5014F}, {48.0252F, 71.7366F}, {33.5493F, 92.3655F}, {62.7299F, 92.2041F}}};
constexpr float arcface_shift = 8;

/// InsightFace's `estimate_norm`: points of 112 times size/112; those of a multiple of 128 times size/128 and moved by 8 of 128.
FivePoints scaled_points(FivePoints points, float ratio, float shift) {
  for (Point& point : points) point = {point.x * ratio + shift, point.y * ratio};
  return points;
}

[[noreturn]] void refuse_size(std::string_view name, std::string_view multiple, int64_t size) {
  throw Error(fmt::format("the template \"{}\" has a size that is a multiple of {}, not {}", name, multiple, size));
}

}  // namespace

FaceTemplate face_template(std::string_view name, int64_t size) {
  if (name == "sphereface") {
    if (size < 112 || size % 112 != 0) refuse_size(name, "112", size);
    return {size, size / 112 * 96, scaled_points(sphereface_points, static_cast<float>(size / 112), 0)};
  }
  if (name != "arcface")
    throw Error(fmt::format("no face template \"{}\"{}", name, suggestion(std::string(name), {"arcface", "sphereface"})));
  if (size < 112 || (size % 112 != 0 && size % 128 != 0)) refuse_size(name, "112 or of 128", size);
  FivePoints points = sphereface_points;
  for (Point& point : points) point.x += arcface_shift;
  if (size % 112 == 0) return {size, size, scaled_points(points, static_cast<float>(size / 112), 0)};
  const auto ratio = static_cast<float>(size / 128);
  return {size, size, scaled_points(points, ratio, arcface_shift * ratio)};
}

FivePoints five_points(std::span<const float> numbers) {
  for (const float number : numbers)
    if (!std::isfinite(number)) throw Error("a landmark is not finite");
  const auto point = [&](size_t i) { return Point{numbers[2 * i], numbers[2 * i + 1]}; };
  const auto middle = [&](size_t i, size_t j) { return Point{(point(i).x + point(j).x) / 2, (point(i).y + point(j).y) / 2}; };
  if (numbers.size() == 10) return {point(0), point(1), point(2), point(3), point(4)};
  if (numbers.size() == 136) return {middle(36, 39), middle(42, 45), point(30), point(48), point(54)};
  throw Error(fmt::format("a face has 5 or 68 landmarks, 10 or 136 numbers, not {}", numbers.size()));
}

Affine similarity(const FivePoints& from, const FivePoints& to) {
  double from_x = 0, from_y = 0, to_x = 0, to_y = 0;
  for (size_t i = 0; i < from.size(); ++i) {
    from_x += from[i].x;
    from_y += from[i].y;
    to_x += to[i].x;
    to_y += to[i].y;
  }
  const auto count = static_cast<double>(from.size());
  from_x /= count, from_y /= count, to_x /= count, to_y /= count;
  double spread = 0, along = 0, across = 0;
  for (size_t i = 0; i < from.size(); ++i) {
    const double x = from[i].x - from_x, y = from[i].y - from_y, u = to[i].x - to_x, v = to[i].y - to_y;
    spread += x * x + y * y;
    along += x * u + y * v;
    across += x * v - y * u;
  }
  if (!std::isfinite(spread)) throw Error("a landmark is not finite");
  if (spread == 0) throw Error("all five landmarks are the same point");
  const double a = along / spread, b = across / spread;
  if (a == 0 && b == 0) throw Error("the five landmarks are not arranged as those of a face, not even roughly");
  return {{a, -b, to_x - (a * from_x - b * from_y), b, a, to_y - (b * from_x + a * from_y)}};
}

Image align(const Image& picture, const FivePoints& points, const FaceTemplate& to) {
  return warp(picture, similarity(points, to.points), to.height, to.width);
}

}  // namespace lafs::imaging
