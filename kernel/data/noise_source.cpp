#include "kernel/data/noise_source.h"

#include <fmt/format.h>

#include "lafs/rng.h"

namespace lafs {

Sample NoiseSource::get(int64_t index) const {
  const int64_t bytes = input_.height * input_.width * 3;
  std::shared_ptr<uint8_t[]> data(new uint8_t[static_cast<size_t>(bytes)]);
  Rng rng(static_cast<uint64_t>(index));
  for (int64_t i = 0; i < bytes; ++i) data[static_cast<size_t>(i)] = static_cast<uint8_t>(rng.bits());
  Sample sample;
  sample.image = {input_.height, input_.width, std::shared_ptr<const uint8_t>(data, data.get())};
  sample.identity = identity(index);
  sample.index = index;
  sample.key = key(index);
  return sample;
}

std::string NoiseSource::key(int64_t index) const { return fmt::format("noise {}", index); }

}  // namespace lafs
