#pragma once
#include <utility>
#include <vector>

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>

namespace lafs {

/// The buffers of a tree as they were: a forward pass may change them, and nothing else of what a checkpoint holds.
class SavedBuffers {
 public:
  explicit SavedBuffers(const torch::nn::Module& root) {
    for (const at::Tensor& buffer : root.buffers()) buffers_.emplace_back(buffer, buffer.clone());
  }
  void restore() {
    for (auto& [buffer, before] : buffers_) buffer.copy_(before);
  }

 private:
  std::vector<std::pair<at::Tensor, at::Tensor>> buffers_;
};

}  // namespace lafs
