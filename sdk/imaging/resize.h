#pragma once
#include <cstdint>
#include <span>

#include "lafs/sample.h"

namespace lafs::imaging {

/// Shape of the resampling kernel: a triangle (bilinear) or Keys' cubic with a = -0.5 (bicubic).
enum class Kernel { triangle, cubic };

/// Its height at distance x from the centre, not normalised.
double kernel_at(Kernel kernel, double x);

/// A whole picture at another size, separable, in float, edges renormalised, rounded once at the end. Used where a picture
/// has another size than the input contract. The kernel widens by the scale when shrinking, so it does not alias; the result is
/// within one level of Pillow's for the triangle (which rounds between the passes). An equal size copies. [any thread]
void resize(const Image& image, Kernel kernel, int64_t height, int64_t width, std::span<uint8_t> out);

/// The same as a picture of its own; the picture itself, not copied, where it has that size.
Image resized(const Image& image, Kernel kernel, int64_t height, int64_t width);

}  // namespace lafs::imaging
