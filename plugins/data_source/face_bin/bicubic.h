#pragma once
#include <cstdint>

#include "lafs/sample.h"

namespace lafs::face_bin {

/// A picture at another size by the cubic of OpenCV's INTER_CUBIC: four pixels a side, a = -0.75, half-pixel centres, the border repeated,
/// and no wider when shrinking. In double, rounded once; OpenCV's fixed point may differ by one level. [any thread]
Image resized(const Image& image, int64_t height, int64_t width);

/// The size of a picture of another width than `side`: the shorter side becomes `side`, the longer one `side * long div short`. A picture
/// of that width is left alone, whatever its height (evaluation 1.2).
Image with_shorter_side(const Image& image, int64_t side);

}  // namespace lafs::face_bin
