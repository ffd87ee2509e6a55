#pragma once
#include <cstdint>
#include <vector>

#include "face.h"

namespace lafs::synthetic_faces {

/// The bytes that a camera makes of a painted picture of size * size * 3 floats: blurred and noisy, as the scene says.
std::vector<uint8_t> photographed(std::vector<float> rgb, int size, const Scene& scene);

}  // namespace lafs::synthetic_faces
