#pragma once
#include <cstdint>

#include <c10/core/Device.h>

#include "lafs/views.h"

namespace lafs {

class Trainer;

int64_t parameter_count(const Trainer& trainer);

/// About how many floating-point operations a training step does for one image: those of the encoder are counted while it looks at one
/// image of each size, with weights of zero, which it keeps. Other backbones are assumed to need as many for each parameter, and all other
/// modules to use each parameter once a view. A backward pass counts as two forward passes. At least 1. [main thread]
double step_operations(Trainer& trainer, const ViewLayout& layout, at::Device device);

}  // namespace lafs
