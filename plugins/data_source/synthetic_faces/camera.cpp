#include "camera.h"

#include <algorithm>

namespace lafs::synthetic_faces {

namespace {

/// Weights w, 1-2w, w along rows and then along columns; edges repeat.
void blur(std::vector<float>& rgb, int size, float side) {
  const float middle = 1 - 2 * side;
  std::vector<float> wide(rgb.size());
  for (int y = 0; y < size; ++y) {
    const float* from = &rgb[static_cast<size_t>(y * size) * 3];
    float* to = &wide[static_cast<size_t>(y * size) * 3];
    const int last = size * 3 - 3;
    for (int i = 0; i < 3; ++i) to[i] = from[i] * (1 - side) + from[i + 3] * side;
    for (int i = 3; i < last; ++i) to[i] = from[i] * middle + (from[i - 3] + from[i + 3]) * side;
    for (int i = last; i < last + 3; ++i) to[i] = from[i] * (1 - side) + from[i - 3] * side;
  }
  const size_t stride = static_cast<size_t>(size) * 3;
  for (int y = 0; y < size; ++y) {
    const float* here = &wide[static_cast<size_t>(y) * stride];
    const float *above = y > 0 ? here - stride : here, *below = y + 1 < size ? here + stride : here;
    float* to = &rgb[static_cast<size_t>(y) * stride];
    for (size_t i = 0; i < stride; ++i) to[i] = here[i] * middle + (above[i] + below[i]) * side;
  }
}

}  // namespace

std::vector<uint8_t> photographed(std::vector<float> rgb, int size, const Scene& scene) {
  blur(rgb, size, scene.blur);
  std::vector<uint8_t> bytes(rgb.size());
  for (size_t i = 0; i < rgb.size(); i += 3) {
    // 16 bits of chance a channel: uniform noise, whose spread is what matters.
    const uint64_t chance = fold(scene.noise_key, i);
    for (size_t c = 0; c < 3; ++c) {
      const float noise = (static_cast<float>((chance >> (16 * c)) & 0xffff) / 32768.0f - 1) * scene.noise;
      bytes[i + c] = static_cast<uint8_t>(std::clamp((rgb[i + c] + noise) * 255.0f + 0.5f, 0.0f, 255.0f));
    }
  }
  return bytes;
}

}  // namespace lafs::synthetic_faces
