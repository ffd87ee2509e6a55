#pragma once
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

namespace lafs::synthetic_faces {

/// A byte of each channel divided by 255; not linear light.
struct Colour {
  float r = 0, g = 0, b = 0;
};

inline Colour mix(const Colour& a, const Colour& b, float t) {
  return {a.r + (b.r - a.r) * t, a.g + (b.g - a.g) * t, a.b + (b.b - a.b) * t};
}
inline Colour operator*(const Colour& c, float f) { return {c.r * f, c.g * f, c.b * f}; }

/// The position of the plane of the face in the picture: u to the right, v down, in sides of the picture; roll turns clockwise.
struct Frame {
  float centre_x = 0.5f, centre_y = 0.5f, scale = 1, roll = 0;
};

/// An ellipse of the face's plane.
struct Ellipse {
  float u = 0, v = 0, ru = 1, rv = 1, angle = 0;
};

/// A square float picture, painted in the coordinates of a Frame, with a mask of what light falls on.
class Canvas {
 public:
  Canvas(int64_t size, const Frame& frame)
      : size_(static_cast<int>(size)),
        frame_(frame),
        cos_(std::cos(frame.roll)),
        sin_(std::sin(frame.roll)),
        rgb_(size * size * 3),
        lit_(size * size) {}

  int size() const { return size_; }
  std::vector<float>& rgb() { return rgb_; }
  std::vector<float>& lit() { return lit_; }
  /// Pixels in a unit of the plane.
  float unit() const { return frame_.scale * static_cast<float>(size_); }

  /// A point of the plane in pixels, centres at integers.
  void place(float u, float v, float& x, float& y) const {
    const float side = static_cast<float>(size_);
    x = side * (frame_.centre_x + frame_.scale * (cos_ * u - sin_ * v)) - 0.5f;
    y = side * (frame_.centre_y + frame_.scale * (sin_ * u + cos_ * v)) - 0.5f;
  }

  /// Calls use(pixel number, u, v) for the pixels of an upright box around a point of the plane.
  template <typename Use>
  void visit(float u, float v, float half_width, float half_height, Use&& use) const {
    float x = 0, y = 0;
    place(u, v, x, y);
    const float wide = (std::abs(cos_) * half_width + std::abs(sin_) * half_height) * unit() + 1;
    const float high = (std::abs(sin_) * half_width + std::abs(cos_) * half_height) * unit() + 1;
    const int left = edge(std::ceil(x - wide)), right = edge(std::floor(x + wide) + 1);
    const int top = edge(std::ceil(y - high)), bottom = edge(std::floor(y + high) + 1);
    const float du = cos_ / unit(), dv = -sin_ / unit();
    for (int row = top; row < bottom; ++row) {
      const float dx = (static_cast<float>(left) - x) / unit(), dy = (static_cast<float>(row) - y) / unit();
      float at_u = u + cos_ * dx + sin_ * dy, at_v = v - sin_ * dx + cos_ * dy;
      for (int i = row * size_ + left; i < row * size_ + right; ++i, at_u += du, at_v += dv) use(static_cast<size_t>(i), at_u, at_v);
    }
  }

  void blend(size_t pixel, const Colour& colour, float alpha) {
    float* p = &rgb_[pixel * 3];
    p[0] += (colour.r - p[0]) * alpha;
    p[1] += (colour.g - p[1]) * alpha;
    p[2] += (colour.b - p[2]) * alpha;
  }

  /// The share of a pixel inside a shape whose edge is `distance` units away; the edge is `soft` pixels wide.
  float cover(float distance, float soft = 1) const { return std::clamp(0.5f + distance * unit() / soft, 0.0f, 1.0f); }

  /// Paints an ellipse; `lights` also marks it as part of what light falls on.
  void ellipse(const Ellipse& e, const Colour& colour, float alpha = 1, float soft = 1, bool lights = false) {
    const float c = std::cos(e.angle), s = std::sin(e.angle), margin = soft / unit(), small = std::min(e.ru, e.rv);
    const float wide = std::sqrt(e.ru * e.ru * c * c + e.rv * e.rv * s * s) + margin * e.ru / small;
    const float high = std::sqrt(e.ru * e.ru * s * s + e.rv * e.rv * c * c) + margin * e.rv / small;
    const float sharp = std::max(0.0f, 1 - 0.5f * margin / small), full = sharp * sharp;
    visit(e.u, e.v, wide, high, [&](size_t i, float u, float v) {
      const float du = u - e.u, dv = v - e.v, x = (c * du + s * dv) / e.ru, y = (c * dv - s * du) / e.rv;
      const float d = x * x + y * y;
      if (d > 4) return;
      const float inside = d < full ? 1.0f : cover((1 - std::sqrt(d)) * small, soft);
      if (inside <= 0) return;
      blend(i, colour, inside * alpha);
      if (lights) lit_[i] = std::max(lit_[i], inside);
    });
  }

 private:
  int edge(float x) const { return std::clamp(static_cast<int>(x), 0, size_); }

  int size_;
  Frame frame_;
  float cos_, sin_;
  std::vector<float> rgb_, lit_;
};

}  // namespace lafs::synthetic_faces
