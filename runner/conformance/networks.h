#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace lafs::conformance {

/// A small ONNX model, written without the library: a chain of nodes from "images" to "embedding" that holds no numbers.
///
///     OnnxModel model;
///     model.node("AveragePool", {"images"}, "patches", {{"kernel_shape", {28, 28}}, {"strides", {28, 28}}});
///     model.node("Flatten", {"patches"}, "embedding");
///     model.write("averages.onnx");
struct OnnxModel {
  struct Attribute {
    std::string name;
    std::vector<int64_t> values;
  };
  struct Dim {
    int64_t size = 0;
    std::string name = {};  ///< of a size that is left open
  };

  /// The node is called as its output.
  void node(const std::string& operation, const std::vector<std::string>& from, const std::string& to,
            const std::vector<Attribute>& attributes = {});
  /// A stored tensor of floats, all zero; `external` says that its numbers are in another file.
  void zeros(const std::string& name, const std::vector<int64_t>& shape, bool external = false);
  void write(const std::filesystem::path& file) const;

  std::vector<Dim> input{{1}, {3}, {112}, {112}};
  std::vector<std::string> outputs{"embedding"};

 private:
  std::string nodes_, tensors_;
};

/// Averages of 28 x 28 pixels, [1,3,112,112] -> [1,48], for plugins that read networks. As an ONNX model:
void write_onnx(const std::filesystem::path& file);
/// The same for any number of pictures, as a TorchScript archive.
void write_torchscript(const std::filesystem::path& file);

}  // namespace lafs::conformance
