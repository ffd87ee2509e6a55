#include "runner/conformance/networks.h"

#include <fstream>

#include <torch/csrc/jit/api/module.h>

namespace lafs::conformance {

namespace {

// A protocol buffer is a list of fields: a key, which is eight times the field's number plus the form of what follows, and the value.

std::string varint(uint64_t value) {
  std::string bytes;
  for (; value >= 0x80; value >>= 7) bytes += static_cast<char>(value | 0x80);
  return bytes + static_cast<char>(value);
}
std::string number(uint64_t field, int64_t value) { return varint(field * 8) + varint(static_cast<uint64_t>(value)); }
std::string text(uint64_t field, const std::string& bytes) { return varint(field * 8 + 2) + varint(bytes.size()) + bytes; }

/// ValueInfoProto of a float tensor.
std::string value_info(const std::string& name, const std::vector<OnnxModel::Dim>& shape) {
  std::string dims;
  for (const auto& [size, open] : shape) dims += text(1, open.empty() ? number(1, size) : text(2, open));
  return text(1, name) + text(2, text(1, number(1, 1) + text(2, dims)));
}

}  // namespace

void OnnxModel::node(const std::string& operation, const std::vector<std::string>& from, const std::string& to,
                     const std::vector<Attribute>& attributes) {
  std::string fields;
  for (const std::string& input : from) fields += text(1, input);
  fields += text(2, to) + text(3, to) + text(4, operation);
  for (const auto& [name, values] : attributes) {
    std::string list;
    for (const int64_t value : values) list += number(8, value);
    fields += text(5, text(1, name) + list + number(20, 7));
  }
  nodes_ += text(1, fields);
}

void OnnxModel::zeros(const std::string& name, const std::vector<int64_t>& shape, bool external) {
  std::string dims;
  size_t count = 1;
  for (const int64_t size : shape) {
    dims += number(1, size);
    count *= static_cast<size_t>(size);
  }
  const std::string where = text(13, text(1, "location") + text(2, "weights.data")) + number(14, 1);
  tensors_ += text(5, dims + number(2, 1) + text(8, name) + (external ? where : text(9, std::string(4 * count, 0))));
}

void OnnxModel::write(const std::filesystem::path& file) const {
  std::string graph = nodes_ + text(2, "network") + tensors_ + text(11, value_info("images", input));
  for (const std::string& output : outputs) graph += text(12, value_info(output, {{1}, {48}}));
  const std::string model = number(1, 7) + text(2, "onnx") + text(7, graph) + text(8, text(1, "") + number(2, 11));  // opset 11
  std::ofstream(file, std::ios::binary) << model;
}

void write_onnx(const std::filesystem::path& file) {
  OnnxModel model;
  model.node("AveragePool", {"images"}, "patches", {{"kernel_shape", {28, 28}}, {"strides", {28, 28}}});
  model.node("Flatten", {"patches"}, "embedding");
  model.write(file);
}

void write_torchscript(const std::filesystem::path& file) {
  torch::jit::Module network("Network");
  network.define("def forward(self, images):\n  return torch.flatten(torch.avg_pool2d(images, [28, 28]), 1)\n");
  network.save(file.string());
}

}  // namespace lafs::conformance
