#pragma once
#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "imaging/canvas.h"

namespace lafs::imaging {

/// The operations of RandAugment for faces, finetuning.md 3.2.
enum class AugmentOp {
  auto_contrast,  ///< each channel stretched to [0, 255]
  equalise,       ///< each channel's histogram made even
  invert,         ///< 255 - v
  rotate,         ///< about the centre; argument: degrees, counter-clockwise
  posterise,      ///< argument: upper bits that are kept, [0, 8]
  colour,         ///< blend with the grey picture; argument: factor, 1 leaves the picture
  contrast,       ///< blend with the mean luma; factor
  brightness,     ///< blend with black; factor
  sharpness,      ///< blend with the smoothed picture; factor
  shear_x,        ///< x_in = x + f y, from the upper left corner; argument: f
  shear_y,        ///< y_in = y + f x
  translate_x,    ///< x_in = x + f width; argument: f
  translate_y     ///< y_in = y + f height
};

/// All of them with their names in recipes: "auto_contrast", "equalise", ...
struct NamedOp {
  AugmentOp op;
  std::string_view name;
};
const std::array<NamedOp, 13>& augment_ops();

bool is_geometric(AugmentOp op);  ///< whether a filter takes values between pixels: the last four and rotate

/// Whether level and sign change the argument. `increasing`: a larger level always changes the picture more; otherwise, as RandAugment had
/// it first, colour, contrast, brightness and sharpness have factors from 0.1 to 1.9, and posterising is strongest at level 0.
bool has_level(AugmentOp op);
bool has_sign(AugmentOp op, bool increasing);

/// The argument at a level in [0, 10]; 0 for operations without one. `negative` turns the sign, of factors that of their distance to 1.
///
///     argument_of(AugmentOp::rotate, 2, true, true);      // -6 degrees
///     argument_of(AugmentOp::contrast, 1, true, false);   // factor 1.09
double argument_of(AugmentOp op, double level, bool increasing, bool negative);

/// The operation on the whole picture, byte for byte as Pillow does it; `filter` matters to the geometric ones, which fill what comes from
/// outside with grey, 128. [one thread at a time]
void apply(Canvas& canvas, AugmentOp op, double argument, TransformFilter filter);

}  // namespace lafs::imaging
