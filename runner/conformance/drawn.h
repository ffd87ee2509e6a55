#pragma once
#include <cstdint>
#include <memory>

#include "lafs/sample.h"

namespace lafs::conformance {

/// A picture of gradients and stripes with five landmarks.
inline Sample drawn_sample(int64_t height, int64_t width) {
  std::shared_ptr<uint8_t> bytes(new uint8_t[static_cast<size_t>(height * width * 3)], std::default_delete<uint8_t[]>());
  for (int64_t y = 0; y < height; ++y) {
    for (int64_t x = 0; x < width; ++x) {
      uint8_t* rgb = bytes.get() + (y * width + x) * 3;
      rgb[0] = static_cast<uint8_t>(255 * x / width);
      rgb[1] = static_cast<uint8_t>(255 * y / height);
      rgb[2] = static_cast<uint8_t>((x / 5 + y / 7) % 2 ? 200 : 40);
    }
  }
  Sample sample;
  sample.image = {height, width, bytes};
  sample.key = "drawn";
  const auto w = static_cast<float>(width), h = static_cast<float>(height);
  sample.landmarks = {0.35f * w, 0.4f * h, 0.65f * w, 0.4f * h, 0.5f * w, 0.6f * h, 0.4f * w, 0.75f * h, 0.6f * w, 0.75f * h};
  return sample;
}

}  // namespace lafs::conformance
