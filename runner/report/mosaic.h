#pragma once
#include <vector>

#include "lafs/sample.h"

namespace lafs {

/// Pictures of one size beside and below each other on white, a few pixels apart. All columns have as many rows.
Image mosaic(const std::vector<const std::vector<Image>*>& columns);

}  // namespace lafs
