#include "cropped.h"

#include <span>
#include <utility>

#include "imaging/canvas.h"
#include "imaging/random_crop.h"
#include "lafs/rng.h"

namespace lafs::linear_probe {

Sample Cropped::get(int64_t index) const {
  Sample sample = source_->get(index);
  Rng rng(fold(key_, static_cast<uint64_t>(index)));
  const std::span<const double, 2> scale(rule_.scale.data(), 2), ratio(rule_.ratio.data(), 2);
  const imaging::Box box = imaging::draw_crop(rng, sample.image.height, sample.image.width, scale, ratio);
  const bool mirrored = rule_.flip && rng.coin(0.5);
  imaging::Canvas canvas;
  canvas.crop_resize(sample.image, box, rule_.filter, rule_.height, rule_.width, mirrored);
  const auto bytes = static_cast<size_t>(rule_.height * rule_.width * Image::channels);
  const std::shared_ptr<uint8_t> pixels(new uint8_t[bytes], std::default_delete<uint8_t[]>());
  canvas.store(std::span(pixels.get(), bytes));
  sample.image = {rule_.height, rule_.width, pixels};
  sample.landmarks.clear();
  return sample;
}

}  // namespace lafs::linear_probe
