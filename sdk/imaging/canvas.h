#pragma once
#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "imaging/resize.h"
#include "imaging/tensor_ops.h"
#include "lafs/sample.h"

namespace lafs::imaging {

/// How `Canvas::transform` takes a value between pixels: from 2 x 2 neighbours, or from 4 x 4 with the cubic of slope -1.
enum class TransformFilter { bilinear, bicubic };

/// For each channel a number for every byte.
using Tables = std::array<std::array<uint8_t, 256>, 3>;
using Histograms = std::array<std::array<int64_t, 256>, 3>;

/// A picture to work on with Pillow's 8-bit operations (pretraining.md annex A), byte for byte. Holds three planes and the memory its
/// operations need, so a canvas used for view after view allocates only while pictures grow. Every method works on the picture in place;
/// rows of interleaved RGB go in and come out. [one thread at a time]
class Canvas {
 public:
  int64_t height() const { return height_; }
  int64_t width() const { return width_; }

  /// A box of `image` at height x width (A.2): antialiased, integer weights, rounded to bytes between the passes, a pass left out where
  /// that size stays. The filter never sees pixels outside the box. `mirrored` swaps left and right of the result.
  void crop_resize(const Image& image, const Box& box, ResampleFilter filter, int64_t height, int64_t width, bool mirrored = false);
  void load(const Image& image);             ///< the whole picture at its own size
  void store(std::span<uint8_t> rgb) const;  ///< to height * width * 3 bytes, HWC

  void mirror();                           ///< swaps left and right
  void brightness(double factor);          ///< A.4: blend with black
  void contrast(double factor);            ///< A.4: blend with the mean luma, rounded
  void saturation(double factor);          ///< A.4: blend with the luma of the pixel
  void hue(double shift);                  ///< A.5: by `shift` of a full circle, [-0.5, 0.5], on 8-bit HSV
  void grey();                             ///< A.3: the luma in all channels
  void blur(double radius);                ///< A.6: Gaussian of that deviation in pixels, [0, 50], as three box passes
  void solarise(int64_t threshold = 128);  ///< A.7: v >= threshold becomes 255 - v; threshold in [0, 256]

  // What RandAugment needs besides, finetuning.md 3.2.
  void sharpness(double factor);       ///< blend with the picture smoothed 3 x 3, whose outermost pixels stay
  Histograms histograms() const;       ///< how often each byte occurs
  void look_up(const Tables& tables);  ///< v of channel c becomes tables[c][v]
  /// Pixel (x, y) becomes the value at (back[0] x + back[1] y + back[2], back[3] x + back[4] y + back[5]), pixel centres at halves;
  /// `fill` in all channels where that is outside the picture. In double precision, neighbours clamped to the border, truncated.
  void transform(const std::array<double, 6>& back, TransformFilter filter, uint8_t fill);

 private:
  /// Memory that grows and is never cleared.
  class Buffer {
   public:
    uint8_t* at_least(int64_t size);
    uint8_t* get() const { return bytes_.get(); }

   private:
    std::unique_ptr<uint8_t[]> bytes_;
    int64_t size_ = 0;
  };
  /// The inputs and integer weights of each output: room for `taps` weights an output, unused ones 0.
  struct Windows {
    int64_t taps = 0;
    std::vector<int32_t> first, count, weights;
  };

  static void make_windows(ResampleFilter filter, int64_t in, int64_t out, Windows& windows);
  void set_size(int64_t height, int64_t width);
  void widen(int64_t stride, uint8_t* wide) const;
  uint8_t* plane(int64_t channel) const { return planes_.get() + channel * plane_bytes_; }

  int64_t height_ = 0, width_ = 0;
  int64_t stride_ = 0, plane_bytes_ = 0;  ///< bytes from row to row, and of a plane: both sizes padded to blocks of 16
  Buffer planes_, source_, turned_, passed_;
  Windows columns_, rows_;
};

/// Radius of each of the three boxes that approximate a Gaussian of deviation `radius` (A.6): 1 gives 0.25, 2 gives 1.375.
float gaussian_box_radius(float radius);

}  // namespace lafs::imaging
