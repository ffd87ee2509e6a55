#pragma once
/// The colour transforms of finetuning.md 3.3, a byte at a time.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <vector>

namespace lafs::test {

inline uint8_t float_blend(float factor, float a, float rest, float b) {
  return static_cast<uint8_t>(std::clamp(factor * a + rest * b, 0.0f, 255.0f));
}

inline uint8_t float_grey(const uint8_t* p) {
  return static_cast<uint8_t>(0.2989f * static_cast<float>(p[0]) + 0.587f * static_cast<float>(p[1]) + 0.114f * static_cast<float>(p[2]));
}

struct Hsv {
  float h, s, v;
};

// The order of operations is torchvision's: another order rounds to other bytes.
inline Hsv to_hsv(float r, float g, float b) {
  const float high = std::max({r, g, b}), low = std::min({r, g, b});
  if (high == low) return {0, 0, high};
  const float range = high - low;
  const float rc = (high - r) / range, gc = (high - g) / range, bc = (high - b) / range;
  float h = 0;
  if (high == r) {
    h = bc - gc;
  } else if (high == g) {
    h = 2.0f + rc - bc;
  } else {
    h = 4.0f + gc - rc;
  }
  return {std::fmod(h / 6.0f + 1.0f, 1.0f), range / high, high};
}

inline std::array<float, 3> to_rgb(const Hsv& in) {
  const float sector = std::floor(in.h * 6.0f), f = in.h * 6.0f - sector;
  const float v = in.v, p = std::clamp(v * (1.0f - in.s), 0.0f, 1.0f);
  const float q = std::clamp(v * (1.0f - in.s * f), 0.0f, 1.0f), t = std::clamp(v * (1.0f - in.s * (1.0f - f)), 0.0f, 1.0f);
  switch (static_cast<int>(sector) % 6) {
    case 0:
      return {v, t, p};
    case 1:
      return {q, v, p};
    case 2:
      return {p, v, t};
    case 3:
      return {p, q, v};
    case 4:
      return {t, p, v};
    default:
      return {v, p, q};
  }
}

inline void brightness_by_pixels(std::vector<uint8_t>& rgb, double factor) {
  for (uint8_t& v : rgb) v = float_blend(static_cast<float>(factor), v, 0, 0);
}

inline void contrast_by_pixels(std::vector<uint8_t>& rgb, double factor) {
  int64_t sum = 0;
  for (size_t i = 0; i + 2 < rgb.size(); i += 3) sum += float_grey(&rgb[i]);
  const float mean = static_cast<float>(sum) / static_cast<float>(rgb.size() / 3);
  for (uint8_t& v : rgb) v = float_blend(static_cast<float>(factor), v, static_cast<float>(1.0 - factor), mean);
}

inline void saturation_by_pixels(std::vector<uint8_t>& rgb, double factor) {
  for (size_t i = 0; i + 2 < rgb.size(); i += 3) {
    const float grey = float_grey(&rgb[i]);
    for (size_t c = 0; c < 3; ++c) rgb[i + c] = float_blend(static_cast<float>(factor), rgb[i + c], static_cast<float>(1.0 - factor), grey);
  }
}

inline void hue_by_pixels(std::vector<uint8_t>& rgb, double shift, float scale) {
  for (size_t i = 0; i + 2 < rgb.size(); i += 3) {
    const auto unit = [&](size_t c) { return static_cast<float>(rgb[i + c]) / 255.0f; };
    Hsv hsv = to_hsv(unit(0), unit(1), unit(2));
    hsv.h = std::fmod(hsv.h + static_cast<float>(shift), 1.0f);
    if (hsv.h < 0) hsv.h += 1.0f;
    const std::array<float, 3> out = to_rgb(hsv);
    for (size_t c = 0; c < 3; ++c) rgb[i + c] = static_cast<uint8_t>(out[c] * scale);
  }
}

}  // namespace lafs::test
