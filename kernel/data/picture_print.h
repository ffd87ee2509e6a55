#pragma once
#include <array>
#include <cstdint>
#include <vector>

#include "lafs/sample.h"

namespace lafs {

/// What is kept of a picture to find its copies: 72 bytes.
struct PicturePrint {
  static constexpr int64_t side = 8;  ///< of the frequencies, the mean (0, 0) among them, which is not used

  uint64_t pixels = 0;                       ///< hash of size and decoded bytes
  std::array<int8_t, side * side> shades{};  ///< the lowest frequencies of its brightness; all 0: it has none to speak of

  /// Whether light and dark alone cannot tell it from other pictures: it is all of one shade.
  bool plain() const;
};

/// The frequencies follow neither brightness nor contrast, and hardly coding and size. Roots of their shares, which keeps the small ones
/// apart. [any thread]
PicturePrint print_of(const Image& image);

/// The brightness of a picture in side x side equal cells, each the mean of what it covers, whatever the picture's size: [side, side],
/// 0 to 255. [any thread]
std::vector<float> brightness_cells(const Image& image, int64_t side);

}  // namespace lafs
