#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace lafs::dnn {

/// Bytes of a model's files: an ONNX model, or Caffe's weights and the network that they belong to.
struct ModelBytes {
  std::string weights;  ///< of .onnx or .caffemodel
  std::string network;  ///< of .prototxt; empty: `weights` is an ONNX model
};

/// What a forward pass gives: `values` in the order of `shape`.
struct Output {
  std::vector<int64_t> shape;
  std::vector<float> values;
};

/// A network that OpenCV's dnn has read. Instances share nothing: several may run at once, each on one thread at a time, and each
/// computes on the thread that calls it alone.
class Network {
 public:
  virtual ~Network() = default;
  virtual std::vector<std::string> layers() const = 0;  ///< names, as the file has them, in the order in which they run
  virtual std::vector<std::string> ends() const = 0;    ///< layers whose output no other layer takes
  /// One picture, [3,height,width] float -> the output of a layer. Throws std::runtime_error with the reason.
  virtual Output forward(const float* picture, int64_t height, int64_t width, const std::string& layer) = 0;
};

/// What liblafs_dnn.so exports, in its folder's only source. Throws std::runtime_error, a clause that says why OpenCV cannot read the
/// model: `OpenCV 4.6.0 has no operator "Foo" (node "bar")`. The caller deletes the network.
using Open = Network*(const ModelBytes&);
inline constexpr const char* open_symbol = "lafs_open_dnn_1";

}  // namespace lafs::dnn
