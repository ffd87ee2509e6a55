#pragma once
#include "nn/simd/update_simd.h"
#include "nn/train/fused_update.h"

namespace lafs::nn {

/// What all parameters share in a step of gradient descent.
MomentumFactors momentum_factors(const MomentumNumbers& numbers);

/// Of a parameter's step number `step`, the first being 1.
AdamWFactors adamw_factors(double step, const AdamWNumbers& numbers);

}  // namespace lafs::nn
