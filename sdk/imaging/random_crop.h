#pragma once
#include <cstdint>
#include <span>

#include "imaging/tensor_ops.h"
#include "lafs/rng.h"

namespace lafs::imaging {

/// A random part of a height x width picture: share of the area uniform in `scale`, width over height log-uniform in `ratio`, place
/// uniform; pretraining.md A.1. Draws area and log ratio, at most ten times until one fits, then top and left. Where none fits: the
/// largest centred part whose ratio is allowed, of a square picture all. [any thread]
Box draw_crop(Rng& rng, int64_t height, int64_t width, std::span<const double, 2> scale, std::span<const double, 2> ratio);

/// The same, but the ratio is drawn, log-uniformly, only among those with which a part of that area fits into the picture: the first try is
/// the last, unless no such ratio is allowed. Draws area and log ratio, then top and left.
Box draw_fitting_crop(Rng& rng, int64_t height, int64_t width, std::span<const double, 2> scale, std::span<const double, 2> ratio);

}  // namespace lafs::imaging
