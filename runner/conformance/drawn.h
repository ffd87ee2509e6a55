#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "lafs/augmentation.h"
#include "lafs/sample.h"

namespace lafs::conformance {

/// The slots of one picture, filled with a pattern before the augmentation writes.
class PatternViews final : public Views {
 public:
  PatternViews(const ViewLayout& layout, uint8_t pattern) : layout_(layout) {
    for (const ViewGroup& group : layout) {
      for (int64_t i = 0; i < group.count; ++i) {
        images.emplace_back(static_cast<size_t>(group.height * group.width * 3), pattern);
        points.emplace_back();
      }
    }
  }
  std::span<uint8_t> image(size_t group, int64_t index) override { return images.at(slot(group, index)); }
  void landmarks(size_t group, int64_t index, std::span<const float> xy) override {
    points.at(slot(group, index)).assign(xy.begin(), xy.end());
  }

  std::vector<std::vector<uint8_t>> images;  ///< group by group
  std::vector<std::vector<float>> points;

 private:
  size_t slot(size_t group, int64_t index) const {
    size_t before = 0;
    for (size_t g = 0; g < group; ++g) before += static_cast<size_t>(layout_.at(g).count);
    return before + static_cast<size_t>(index);
  }

  ViewLayout layout_;
};

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
