#include "imaging/colour_jitter.h"

namespace lafs::imaging {

void ColourJitter::declare(Params& p) {
  p("brightness", brightness, in(0, 1), "the factor is drawn from [1 - x, 1 + x]");
  p("contrast", contrast, in(0, 1), "the factor is drawn from [1 - x, 1 + x]");
  p("saturation", saturation, in(0, 1), "the factor is drawn from [1 - x, 1 + x]");
  p("hue", hue, in(0, 0.5), "the shift is drawn from [-x, x], in full circles");
}

std::array<ColourJitter::Change, 4> ColourJitter::draw(Rng& rng) const {
  std::array<int64_t, 4> order{0, 1, 2, 3};
  rng.shuffle(order);
  std::array<Change, 4> by_step{{{Step::brightness, 0}, {Step::contrast, 0}, {Step::saturation, 0}, {Step::hue, 0}}};
  by_step[0].amount = rng.uniform(1 - brightness, 1 + brightness);
  by_step[1].amount = rng.uniform(1 - contrast, 1 + contrast);
  by_step[2].amount = rng.uniform(1 - saturation, 1 + saturation);
  by_step[3].amount = rng.uniform(-hue, hue);
  std::array<Change, 4> changes{};
  for (size_t i = 0; i < 4; ++i) changes[i] = by_step[static_cast<size_t>(order[i])];
  return changes;
}

}  // namespace lafs::imaging
