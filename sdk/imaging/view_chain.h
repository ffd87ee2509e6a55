#pragma once
#include <cstdint>
#include <string_view>
#include <vector>

#include "imaging/canvas.h"
#include "imaging/colour_jitter.h"
#include "lafs/params.h"
#include "lafs/rng.h"
#include "lafs/sample.h"

namespace lafs::imaging {

/// The random steps that make a view for self-supervision out of a picture, pretraining.md 3.1: a crop and a flip, then colours.
/// Draws, in this order: crop (draw_crop); flip coin; jitter coin, order of its four steps, factors of brightness, contrast and saturation,
/// hue; grey coin; blur coin, radius; solarise coin. A step of probability 0 draws nothing. [any thread]
class ViewChain {
 public:
  struct Options {
    std::vector<double> crop_ratio{3.0 / 4, 4.0 / 3};
    double flip = 0.5;
    double jitter = 0.8;
    ColourJitter colours{0.4, 0.4, 0.2, 0.1};
    double grey = 0.2;
    std::vector<double> blur_radius{0.1, 2.0};
    int64_t solarise_threshold = 128;

    void declare(Params& p);
  };
  /// What differs between kinds of views: side in pixels, share of the area, probabilities of blur and of solarising.
  struct View {
    int64_t size = 112;
    std::vector<double> scale{0.4, 1.0};
    double blur = 0.5, solarise = 0;
  };

  /// Throws Error for a range that is not two numbers in order.
  explicit ViewChain(const Options& options);

  void crop(const Image& image, const View& view, Rng& rng, Canvas& canvas) const;  ///< crop and flip
  void colour(const View& view, Rng& rng, Canvas& canvas) const;                    ///< the rest, in place

 private:
  void jitter(Rng& rng, Canvas& canvas) const;

  Options options_;
};

/// Throws Error "NAME must be two numbers, the lower one first" otherwise.
void check_range(std::string_view name, const std::vector<double>& range);

/// Throws Error "NAME has N numbers, not one for each of the V global views" otherwise.
void check_count(std::string_view name, const std::vector<double>& list, int64_t global_views);

}  // namespace lafs::imaging
