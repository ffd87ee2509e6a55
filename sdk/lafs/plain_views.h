#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "lafs/views.h"

namespace lafs {

/// Views in memory of their own, for whoever calls an augmentation without a loader: a test, a measurement, a picture.
///
///     PlainViews views(augmentation.layout());
///     augmentation.views(sample, rng, views);
///     const std::vector<uint8_t>& first = views.images[0];
///
/// [one thread at a time]
class PlainViews final : public Views {
 public:
  /// Every byte starts as `fill`.
  explicit PlainViews(const ViewLayout& layout, uint8_t fill = 0) {
    for (const ViewGroup& group : layout) {
      first_.push_back(images.size());
      images.resize(images.size() + static_cast<size_t>(group.count),
                    std::vector<uint8_t>(static_cast<size_t>(group.height * group.width * 3), fill));
    }
    points.resize(images.size());
  }

  std::span<uint8_t> image(size_t group, int64_t index) override { return images.at(place(group, index)); }
  void landmarks(size_t group, int64_t index, std::span<const float> xy) override {
    points.at(place(group, index)).assign(xy.begin(), xy.end());
  }

  std::vector<std::vector<uint8_t>> images;  ///< view after view, group after group: height * width * 3 bytes each
  std::vector<std::vector<float>> points;    ///< as `images`: x0 y0 x1 y1 ..., empty where none were written

 private:
  size_t place(size_t group, int64_t index) const { return first_.at(group) + static_cast<size_t>(index); }

  std::vector<size_t> first_;  ///< of each group, among all views
};

}  // namespace lafs
