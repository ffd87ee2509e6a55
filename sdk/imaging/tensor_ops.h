#pragma once
#include <cstdint>
#include <span>

#include "lafs/sample.h"

namespace lafs::imaging {

/// Rows [top, top + height) and columns [left, left + width) of a picture, in pixels.
struct Box {
  int64_t top = 0, left = 0, height = 0, width = 0;
};

/// How a hue result in [0, 1] becomes a byte: times 255 (the rule of finetuning.md 3.3) or, as torchvision later did, times 255.999.
enum class HueRule { times_255, times_255_999 };

// The colour transforms of torchvision on uint8 tensors (finetuning.md 3.3), byte for byte, in place on interleaved RGB.
// Each blends f*a + (1-f)*b in float32, clamps to [0, 255] and truncates. [any thread]

void adjust_brightness(std::span<uint8_t> rgb, double factor);  ///< b = 0
void adjust_contrast(std::span<uint8_t> rgb, double factor);    ///< b = mean of the grey picture
void adjust_saturation(std::span<uint8_t> rgb, double factor);  ///< b = the grey picture
/// Turns the hue by `shift` of a full circle, in [-0.5, 0.5].
void adjust_hue(std::span<uint8_t> rgb, double shift, HueRule rule = HueRule::times_255);

/// Fills a box of a picture with `width` columns with one value in all channels.
void erase(std::span<uint8_t> rgb, int64_t width, const Box& box, uint8_t value = 0);

/// Swaps left and right, in place.
void mirror(std::span<uint8_t> rgb, int64_t width);
/// The picture with left and right swapped; `out` must not overlap it.
void mirror(const Image& image, std::span<uint8_t> out);

/// A box of `image` at height x width: float32 bilinear, half-pixel centres, no antialiasing, ties rounded to even. The box lies in the
/// image. Meant for enlarging, as in RandomResizedCrop of finetuning.md 3.3; `out` must not overlap the image. Where `mirrored`, the box is
/// one of the image with left and right swapped.
void crop_resize_bilinear(const Image& image, const Box& box, int64_t height, int64_t width, std::span<uint8_t> out, bool mirrored = false);

}  // namespace lafs::imaging
