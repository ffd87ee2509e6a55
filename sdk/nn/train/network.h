#pragma once
#include <memory>
#include <string>
#include <vector>

#include <torch/nn/module.h>

#include "lafs/assembly.h"
#include "lafs/backbone.h"
#include "lafs/projector.h"

namespace lafs::nn {

/// A backbone with the projector behind it.
struct Network {
  std::shared_ptr<Backbone> backbone;
  std::shared_ptr<Projector> head;
  std::vector<at::Tensor> parameters;  ///< of both, in the order of registration

  /// [B,3,H,W] -> [B,K]; draws under "backbone" and "head".
  Tensor forward(const Tensor& images, const Pass& pass) const;
};

/// Makes one through the assembly and registers it as `<path>.backbone` and `<path>.head`, or without the dot where the path is empty.
Network make_network(torch::nn::Module& root, const std::string& path, Assembly& assembly);

/// Copies parameters and buffers of both parts.
void copy_network(const Network& from, const Network& to);

}  // namespace lafs::nn
