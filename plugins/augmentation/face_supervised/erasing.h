#pragma once
#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "lafs/input.h"
#include "lafs/params.h"
#include "lafs/rng.h"

namespace lafs::face_supervised {

/// Rectangles that are erased from a picture, finetuning.md 3.3, and the other fillings that timm has for them.
class Erasing {
 public:
  struct Options {
    double probability = 0.5;
    std::vector<double> scale{0.02, 0.1}, ratio{0.3, 3.3};
    bool log_ratio = true;
    std::string mode = "constant";
    int64_t value = 0;
    std::vector<int64_t> count{1, 1};

    void declare(Params& p);  ///< keys that begin with "erasing"
  };

  /// Throws Error for a range that is not two numbers in order, and for options that nothing uses.
  Erasing(const Options& options, const InputContract& input);

  /// Draws, in this order: coin; the number of rectangles, where it can vary; for each its tries (area, ratio; once accepted top, left),
  /// then its filling: three normals for a colour, three a pixel for pixels. A probability of 0 draws nothing.
  void apply(std::span<uint8_t> rgb, Rng& rng) const;

 private:
  double draw_ratio(Rng& rng) const;
  uint8_t noise(size_t channel, Rng& rng) const;
  void erase_one(std::span<uint8_t> rgb, double area, Rng& rng) const;

  Options options_;
  int64_t height_, width_;
  std::array<double, 3> mean_, std_;  ///< R, G, B
};

}  // namespace lafs::face_supervised
