#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace lafs {

/// 8-bit picture, rows of interleaved channels (HWC), three channels R, G, B. Owns its bytes, or shares the source's.
struct Image {
  int64_t height = 0, width = 0;
  std::shared_ptr<const uint8_t> bytes;  ///< height * width * 3, no padding; aliasing constructor for views into mapped memory

  static constexpr int64_t channels = 3;
  int64_t size() const { return height * width * channels; }
  const uint8_t* row(int64_t y) const { return bytes.get() + y * width * channels; }
};

/// One picture and what its source knows of it.
struct Sample {
  Image image;
  int64_t identity = 0;          ///< 0 <= identity < DataSource::identities()
  int64_t index = 0;             ///< index in the source it was asked of
  std::string key;               ///< what a person calls it: a relative path, "identity 3 picture 7"
  std::vector<float> landmarks;  ///< x0 y0 x1 y1 ... in pixels of `image`, pixel centres at integers; empty if unknown
  float quality = 1;             ///< detector score, [0, 1]
};

}  // namespace lafs
