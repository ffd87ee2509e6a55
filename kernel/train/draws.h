#pragma once
#include <cstdint>
#include <memory>
#include <vector>

#include <ATen/core/Tensor.h>

#include "lafs/draws.h"

namespace lafs {

/// The draws of one micro-batch: rows are its positions in the epoch's order, as view 0.
std::shared_ptr<const Draws> keyed_draws(uint64_t seed, int64_t step, int64_t micro_batch, std::vector<int64_t> positions,
                                         at::Device device);

}  // namespace lafs
