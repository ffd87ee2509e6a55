#pragma once
/// Pillow's 8-bit operations read off annex A of the pre-training specification, a byte at a time on interleaved RGB.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

#include "lafs/sample.h"

namespace lafs::test {

struct Rgb {
  int64_t height = 0, width = 0;
  std::vector<uint8_t> bytes;
  int64_t at(int64_t y, int64_t x, int64_t c) const { return bytes[static_cast<size_t>((y * width + x) * 3 + c)]; }
};

inline uint8_t byte(double v) { return static_cast<uint8_t>(std::clamp(v, 0.0, 255.0)); }
inline int64_t luma(const uint8_t* p) { return (19595 * p[0] + 38470 * p[1] + 7471 * p[2] + 32768) >> 16; }

inline double cubic(double t) {
  const double a = -0.5, x = std::abs(t);
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0;
}

/// A.2 along one axis; the lines run along y where `down`.
inline Rgb bicubic_axis(const Rgb& in, int64_t out_size, bool down) {
  const int64_t n = down ? in.height : in.width;
  if (n == out_size) return in;
  Rgb out{down ? out_size : in.height, down ? in.width : out_size, {}};
  const double scale = static_cast<double>(n) / static_cast<double>(out_size), f = std::max(scale, 1.0), support = 2 * f;
  for (int64_t y = 0; y < out.height; ++y) {
    for (int64_t x = 0; x < out.width; ++x) {
      const double centre = (static_cast<double>(down ? y : x) + 0.5) * scale;
      const int64_t first = std::max<int64_t>(0, static_cast<int64_t>(centre - support + 0.5));
      const int64_t last = std::min<int64_t>(n, static_cast<int64_t>(centre + support + 0.5));
      double total = 0;
      for (int64_t k = first; k < last; ++k) total += cubic((static_cast<double>(k) - centre + 0.5) / f);
      for (int64_t c = 0; c < 3; ++c) {
        int64_t sum = 1 << 21;
        for (int64_t k = first; k < last; ++k) {
          const double weight = cubic((static_cast<double>(k) - centre + 0.5) / f) / total;
          sum += std::llround(weight * (1 << 22)) * (down ? in.at(k, x, c) : in.at(y, k, c));
        }
        out.bytes.push_back(static_cast<uint8_t>(std::clamp<int64_t>(sum >> 22, 0, 255)));
      }
    }
  }
  return out;
}

inline Rgb bicubic(const Rgb& in, int64_t height, int64_t width) { return bicubic_axis(bicubic_axis(in, width, false), height, true); }

/// A.4: d + f * (v - d) in single precision, clamped and truncated.
inline uint8_t blend(float d, float f, float v) { return byte(d + f * (v - d)); }

inline void turn_hue(uint8_t* p, double shift) {
  const int high = std::max({p[0], p[1], p[2]}), low = std::min({p[0], p[1], p[2]});
  int hue = 0, saturation = 0;
  if (high != low) {
    const auto range = static_cast<float>(high - low);
    const auto distance = [&](int c) { return static_cast<float>(high - p[c]) / range; };
    const float r = distance(0), g = distance(1), b = distance(2);
    float h = b - g;
    if (p[0] != high) h = p[1] == high ? static_cast<float>(2.0 + r - b) : static_cast<float>(4.0 + g - r);
    const auto fraction = static_cast<float>(std::fmod(h / 6.0 + 1.0, 1.0));
    hue = static_cast<int>(255.0 * static_cast<double>(fraction));
    saturation = static_cast<int>(255.0 * static_cast<double>(range / static_cast<float>(high)));
  }
  hue = (hue + static_cast<int>(255 * shift)) & 255;
  const double turns = 6.0 * hue / 255.0, v = high;
  const auto sector = static_cast<int>(std::floor(turns));
  const double f = static_cast<float>(turns - sector), s = static_cast<float>(saturation / 255.0);
  const uint8_t V = byte(v), P = byte(std::round(v * (1 - s))), Q = byte(std::round(v * (1 - s * f))),
                T = byte(std::round(v * (1 - s * (1 - f))));
  const uint8_t sectors[6][3] = {{V, T, P}, {Q, V, P}, {P, V, T}, {P, Q, V}, {T, P, V}, {V, P, Q}};
  std::copy_n(sectors[sector % 6], 3, p);
}

/// A.6, one box pass along rows or columns.
inline Rgb box(const Rgb& in, float radius, bool down) {
  const auto r = static_cast<int64_t>(radius);
  const auto inner = static_cast<uint32_t>(static_cast<float>(1 << 24) / (radius * 2 + 1));
  const uint32_t edge = ((1u << 24) - (2 * static_cast<uint32_t>(r) + 1) * inner) / 2;
  Rgb out{in.height, in.width, {}};
  for (int64_t y = 0; y < in.height; ++y) {
    for (int64_t x = 0; x < in.width; ++x) {
      for (int64_t c = 0; c < 3; ++c) {
        const auto near = [&](int64_t k) -> uint32_t {
          const int64_t v =
              down ? in.at(std::clamp<int64_t>(y + k, 0, in.height - 1), x, c) : in.at(y, std::clamp<int64_t>(x + k, 0, in.width - 1), c);
          return static_cast<uint32_t>(v);
        };
        uint32_t sum = 0;
        for (int64_t k = -r; k <= r; ++k) sum += near(k);
        out.bytes.push_back(static_cast<uint8_t>((inner * sum + edge * (near(-r - 1) + near(r + 1)) + (1u << 23)) >> 24));
      }
    }
  }
  return out;
}

}  // namespace lafs::test
