#include "runner/tools/show/matrix.h"

#include <vector>

#include "imaging/decode.h"

namespace lafs {

cv::Mat matrix_of(const Image& image) {
  return {static_cast<int>(image.height), static_cast<int>(image.width), CV_8UC3, const_cast<uint8_t*>(image.bytes.get())};
}

Image image_of(const cv::Mat& matrix) {
  const cv::Mat whole = matrix.isContinuous() ? matrix : matrix.clone();
  return imaging::image_of(whole.rows, whole.cols, std::vector<uint8_t>(whole.data, whole.data + whole.total() * whole.elemSize()));
}

}  // namespace lafs
