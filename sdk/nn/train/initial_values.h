#pragma once
#include <cstdint>

#include <torch/nn/module.h>

namespace lafs::nn {

/// Gives every parameter of the tree its initial value by its module's rule. A value is a function of (seed, qualified name, row,
/// column) alone, a row being an index of dimension 0, of the whole where the parameter is a shard: neither construction order,
/// threads, device nor ranks enter. Buffers stay as they are.
/// Throws Error `parameter "x.y" has no initialisation rule`. [main thread]
void initialise(torch::nn::Module& root, uint64_t seed);

}  // namespace lafs::nn
