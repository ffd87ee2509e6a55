#pragma once
#include <opencv2/core.hpp>

#include "lafs/sample.h"

namespace lafs {

/// The bytes of a picture as a matrix of OpenCV [height, width], 8 bits, red first. Shared, not copied: to be read only, and not after the
/// picture is gone.
cv::Mat matrix_of(const Image& image);

/// A picture with a copy of such a matrix's bytes.
Image image_of(const cv::Mat& matrix);

}  // namespace lafs
