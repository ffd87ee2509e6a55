#pragma once
/// Pictures that Pillow read, and what decoding gives: pixels or a sentence.
#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "formats/safetensors.h"
#include "imaging/decode.h"
#include "lafs/error.h"

namespace lafs::test {

using Bytes = std::vector<uint8_t>;

inline Bytes pixels_of(const Image& image) { return {image.bytes.get(), image.bytes.get() + image.size()}; }

/// A decoded picture, or why there is none.
struct Decoded {
  int64_t height = 0, width = 0;
  Bytes pixels;
  std::string refusal;
  bool operator==(const Decoded&) const = default;
};

inline Decoded decoded(const Bytes& file) {
  try {
    const Image image = imaging::decode_image(file);
    return {image.height, image.width, pixels_of(image), ""};
  } catch (const Error& error) {
    return {0, 0, {}, error.what()};
  }
}

inline int largest_difference(const Bytes& a, const Bytes& b) {
  if (a.size() != b.size()) return 256;
  int largest = 0;
  for (size_t i = 0; i < a.size(); ++i) largest = std::max(largest, std::abs(int{a[i]} - int{b[i]}));
  return largest;
}

/// A file and the pixels that Pillow's convert("RGB") gives.
struct Picture {
  Bytes file;
  Decoded pillow;
};

/// pictures.safetensors, which make_pictures.py writes.
inline const std::map<std::string, Picture>& pictures() {
  static const std::map<std::string, Picture> all = [] {
    const formats::SafetensorsReader reader(LAFS_TEST_SOURCE "/tests/sdk/imaging/pictures.safetensors");
    const auto bytes_of = [&](const formats::TensorInfo& tensor) {
      const auto bytes = reader.bytes(tensor);
      const auto* first = reinterpret_cast<const uint8_t*>(bytes.data());
      return Bytes(first, first + bytes.size());
    };
    std::map<std::string, Picture> out;
    for (const formats::TensorInfo& tensor : reader.tensors()) {
      const formats::TensorInfo* pixels = reader.find(tensor.name + ".pixels");
      if (pixels) out[tensor.name] = {bytes_of(tensor), {pixels->shape.at(0), pixels->shape.at(1), bytes_of(*pixels), ""}};
    }
    return out;
  }();
  return all;
}

}  // namespace lafs::test
