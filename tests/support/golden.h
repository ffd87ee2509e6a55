#pragma once
/// Golden numbers: tensors and settings of tests/golden_data, or of the folder LAFS_GOLDEN_DIR names, and how far ours may be from them.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <map>
#include <stdexcept>
#include <string>
#include <utility>

#include <torch/types.h>
#include <nlohmann/json.hpp>

#include "formats/safetensors.h"
#include "nn/layers/tree.h"
#include "support/device.h"
#include "support/skip.h"

namespace lafs::test {

using Tensors = std::map<std::string, at::Tensor>;

inline std::filesystem::path golden_file(const std::string& file) {
  const char* folder = std::getenv("LAFS_GOLDEN_DIR");
  return std::filesystem::path(folder ? folder : LAFS_TEST_GOLDEN) / file;
}

/// Whether every file of a set is there; says which one is not.
inline bool golden_ready(const std::string& set, std::initializer_list<std::string> files) {
  for (const std::string& file : files) {
    if (std::filesystem::exists(golden_file(file))) continue;
    skip("golden." + set + ": " + file + " is absent");
    return false;
  }
  runs();
  return true;
}

inline nlohmann::json golden_json(const std::string& file) {
  std::ifstream in(golden_file(file));
  return nlohmann::json::parse(in);
}

inline at::ScalarType scalar_type_of(const std::string& dtype) {
  static const std::map<std::string, at::ScalarType> types{{"F32", at::kFloat}, {"F64", at::kDouble}, {"F16", at::kHalf},
                                                           {"I64", at::kLong},  {"I32", at::kInt},    {"I16", at::kShort},
                                                           {"U8", at::kByte},   {"BOOL", at::kBool}};
  return types.at(dtype);
}

inline Tensors golden_tensors(const std::string& file) {
  const formats::SafetensorsReader reader(golden_file(file));
  Tensors out;
  for (const formats::TensorInfo& info : reader.tensors()) {
    at::Tensor tensor = at::empty(info.shape, scalar_type_of(info.dtype));
    const auto bytes = reader.bytes(info);
    if (!bytes.empty()) std::memcpy(tensor.mutable_data_ptr(), bytes.data(), bytes.size());
    out.emplace(info.name, (info.dtype == "F16" ? tensor.to(at::kFloat) : tensor).to(device()));
  }
  return out;
}

/// Moves a tree to the device of the tests and copies tensors into it by name; a name becomes the tree's by `rename`. Every tensor of the
/// tree must be given.
template <typename Rename>
void load_state(torch::nn::Module& root, const Tensors& state, Rename rename) {
  const at::NoGradGuard no_grad;
  root.to(device());
  std::map<std::string, at::Tensor> target;
  for (const auto& [name, tensor] : nn::state_of(root)) target.emplace(name, tensor);
  size_t copied = 0;
  for (const auto& [name, tensor] : state) {
    const auto found = target.find(rename(name));
    if (found == target.end()) throw std::runtime_error("the tree has no tensor \"" + rename(name) + "\"");
    if (found->second.sizes() != tensor.sizes()) throw std::runtime_error("tensor \"" + name + "\" has another shape in the tree");
    found->second.copy_(tensor);
    ++copied;
  }
  if (copied != target.size()) throw std::runtime_error("the tree has tensors that the file lacks");
}
inline void load_state(torch::nn::Module& root, const Tensors& state) {
  load_state(root, state, [](const std::string& name) { return name; });
}

/// Largest absolute difference; infinite where shapes differ or a number is not finite.
inline double max_error(const at::Tensor& ours, const at::Tensor& golden) {
  if (ours.sizes() != golden.sizes()) return INFINITY;
  if (ours.numel() == 0) return 0;
  const double error = (ours.detach().to(at::kCPU, at::kDouble) - golden.detach().to(at::kCPU, at::kDouble)).abs().max().item<double>();
  return error == error ? error : INFINITY;
}
/// The same divided by the largest golden magnitude.
inline double relative_error(const at::Tensor& ours, const at::Tensor& golden) {
  const double size = golden.detach().to(at::kDouble).abs().max().item<double>();
  return max_error(ours, golden) / std::max(size, 1e-300);
}

/// The cut-outs "image<side>_u8" beside "image_u8", and their side in pixels.
inline std::pair<at::Tensor, int64_t> small_pictures(const Tensors& tensors) {
  for (const auto& [name, tensor] : tensors) {
    if (name != "image_u8" && name.starts_with("image") && name.ends_with("_u8")) return {tensor, tensor.size(-1)};
  }
  throw std::runtime_error("the file has no small pictures");
}

/// Bytes to [-1, 1] in fp32: v/255*2 - 1, in this order.
inline at::Tensor scaled_pixels(const at::Tensor& bytes) { return bytes.to(at::kFloat) / 255 * 2 - 1; }

/// The number behind "m=" or "s=" in "CosFace s=64 m=0.4".
inline double number_after(const std::string& text, const std::string& mark) {
  return std::stod(text.substr(text.find(mark) + mark.size()));
}

}  // namespace lafs::test
