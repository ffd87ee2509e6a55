#pragma once
#include <array>

#include "lafs/params.h"
#include "lafs/rng.h"

namespace lafs::imaging {

/// Random changes of brightness, contrast, saturation and hue in random order, the ColorJitter of torchvision. It draws; the augmentation
/// applies, on the kind of picture that it has:
///
///     for (const auto& [step, amount] : jitter.draw(rng)) {
///       if (step == ColourJitter::Step::brightness) canvas.brightness(amount);
///       ...
struct ColourJitter {
  enum class Step { brightness, contrast, saturation, hue };
  struct Change {
    Step step;
    double amount;  ///< a factor around 1; for the hue a shift, in full circles
  };

  double brightness = 0, contrast = 0, saturation = 0, hue = 0;  ///< half widths

  void declare(Params& p);
  /// The changes in the order to apply them. Draws, in this order: order of the four; brightness, contrast, saturation, hue.
  std::array<Change, 4> draw(Rng& rng) const;
};

}  // namespace lafs::imaging
