#include "runner/report/mosaic.h"

#include <algorithm>
#include <utility>

#include "imaging/decode.h"

namespace lafs {

Image mosaic(const std::vector<const std::vector<Image>*>& columns) {
  constexpr int64_t gap = 4;
  const Image& first = columns.front()->front();
  const auto across = static_cast<int64_t>(columns.size()), down = static_cast<int64_t>(columns.front()->size());
  const int64_t width = across * (first.width + gap) - gap, height = down * (first.height + gap) - gap;
  std::vector<uint8_t> bytes(static_cast<size_t>(width * height * Image::channels), 255);
  for (int64_t c = 0; c < across; ++c) {
    for (int64_t r = 0; r < down; ++r) {
      const Image& image = (*columns[static_cast<size_t>(c)])[static_cast<size_t>(r)];
      for (int64_t y = 0; y < image.height; ++y) {
        const int64_t at = ((r * (first.height + gap) + y) * width + c * (first.width + gap)) * Image::channels;
        std::copy_n(image.row(y), image.width * Image::channels, bytes.data() + at);
      }
    }
  }
  return imaging::image_of(height, width, std::move(bytes));
}

}  // namespace lafs
