#pragma once
/// One image's slots in memory, and a picture to fill them from.
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "imaging/decode.h"
#include "lafs/augmentation.h"
#include "support/front_door.h"

namespace lafs::test {

class Buffer final : public Views {
 public:
  explicit Buffer(const ViewLayout& layout) : bytes(static_cast<size_t>(layout[0].height * layout[0].width * 3), 0xcd) {}
  std::span<uint8_t> image(size_t, int64_t) override { return bytes; }
  void landmarks(size_t, int64_t, std::span<const float> given) override { points.assign(given.begin(), given.end()); }

  std::vector<uint8_t> bytes;
  std::vector<float> points;
};

inline std::shared_ptr<Augmentation> augmentation(const std::string& plugin, const std::string& toml, const InputContract& input = {}) {
  return make<Augmentation>(plugin, toml, input);
}

inline Buffer view(const Augmentation& augmentation, const Sample& sample, uint64_t key) {
  Buffer out(augmentation.layout());
  Rng rng(key);
  augmentation.views(sample, rng, out);
  return out;
}

/// A picture without two equal columns.
inline Sample gradient(int64_t height, int64_t width) {
  std::vector<uint8_t> bytes;
  for (int64_t y = 0; y < height; ++y) {
    for (int64_t x = 0; x < width; ++x) {
      for (const int64_t v : {60 + x, 200 - y, 80 + (x + y) / 2}) bytes.push_back(static_cast<uint8_t>(v));
    }
  }
  Sample sample;
  sample.image = imaging::image_of(height, width, std::move(bytes));
  sample.key = "gradient";
  return sample;
}

}  // namespace lafs::test
