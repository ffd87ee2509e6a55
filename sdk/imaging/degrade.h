#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "lafs/params.h"
#include "lafs/rng.h"

namespace lafs::imaging {

// What happens to pictures of faces before anyone collects them, in place on interleaved RGB of height x width. [any thread]

/// A dark scene: v becomes 255 (v/255)^gamma, gamma > 0, plus noise of the given standard deviation in levels, to the nearest, clamped.
/// The noise is the sum of four uniform bytes, near to a normal and never beyond 3.5 deviations. Draws a word for each value; none for
/// noise 0.
void low_light(std::span<uint8_t> rgb, double gamma, double noise, Rng& rng);

/// A camera or a head that moved: the mean of places along a line of `length` pixels, at least 1, through the pixel, `degrees`
/// counter-clockwise from the horizontal; one place a pixel, each the nearest one, borders repeated. Length 1 changes nothing.
void motion_blur(std::span<uint8_t> rgb, int64_t height, int64_t width, double length, double degrees);

/// A face far away: made smaller by `factor`, at least 1, with a triangle, and large again with a cubic, both as Pillow does it.
void lose_detail(std::span<uint8_t> rgb, int64_t height, int64_t width, double factor);

/// Stored as JPEG of that quality, [1, 100], with colour at half resolution, and read again. The bytes are libjpeg-turbo's. Throws Error.
void recompress(std::span<uint8_t> rgb, int64_t height, int64_t width, int64_t quality);

/// How often and how strongly each of them happens, in the order above.
///
///     Degradation degradation(options);
///     if (!degradation.is_off()) degradation.apply(rgb, height, width, rng);
class Degradation {
 public:
  struct Options {
    double low_light = 0, motion_blur = 0, downscale = 0, jpeg = 0;  ///< probabilities
    std::vector<double> low_light_gamma{1.5, 3.0}, low_light_noise{0.0, 8.0};
    std::vector<double> motion_blur_length{3.0, 9.0}, motion_blur_angle{0.0, 180.0};
    std::vector<double> downscale_factor{1.5, 4.0};
    std::vector<int64_t> jpeg_quality{30, 90};

    void declare(Params& p);
  };

  /// Throws Error for a range that is not two numbers in order, or that is changed while nothing uses it.
  explicit Degradation(const Options& options);

  bool is_off() const;
  /// Draws, in this order, for each that has a probability above 0: its coin; where that falls for it gamma, noise and the noise itself;
  /// length and angle; factor; quality. Every range is uniform.
  void apply(std::span<uint8_t> rgb, int64_t height, int64_t width, Rng& rng) const;

 private:
  Options options_;
};

}  // namespace lafs::imaging
