#pragma once
#include <cstdint>
#include <span>
#include <string_view>

#include "lafs/sample.h"

namespace lafs::imaging {

/// How a resized picture weighs its neighbours: with a triangle (bilinear) or Keys' cubic with a = -0.5 (bicubic).
enum class ResampleFilter { triangle, cubic };

/// The filter that an `InputContract::interpolation` names: "bilinear" or "bicubic".
ResampleFilter filter_of(std::string_view interpolation);

/// The weight at distance x from the centre, not normalised.
double filter_at(ResampleFilter filter, double x);

/// A whole picture at another size, separable, in float, edges renormalised, rounded once at the end. Used where a picture
/// has another size than the input contract. The filter widens by the scale when shrinking, so it does not alias; the result is
/// within one level of Pillow's for the triangle (which rounds between the passes). An equal size copies. [any thread]
void resize(const Image& image, ResampleFilter filter, int64_t height, int64_t width, std::span<uint8_t> out);

/// The same as a picture of its own; the picture itself, not copied, where it has that size.
Image resized(const Image& image, ResampleFilter filter, int64_t height, int64_t width);

}  // namespace lafs::imaging
