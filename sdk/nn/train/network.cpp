#include "nn/train/network.h"

#include <torch/types.h>

#include "nn/layers/tree.h"

namespace lafs::nn {

at::Tensor Network::forward(const at::Tensor& images, const Pass& pass) const {
  return head->forward(backbone->forward(images, pass.scope("backbone")), pass.scope("head"));
}

Network make_network(torch::nn::Module& root, const std::string& path, Assembly& assembly) {
  Network made;
  made.backbone = assembly.backbone();
  made.head = assembly.projector(made.backbone->embed_dim());
  const std::string folder = path.empty() ? "" : path + ".";
  const auto backbone = put(root, folder + "backbone", made.backbone->module()), head = put(root, folder + "head", made.head->module());
  for (const auto& part : {backbone, head}) {
    for (const auto& [name, parameter] : parameters_of(*part)) made.parameters.push_back(parameter);
  }
  return made;
}

void copy_network(const Network& from, const Network& to) {
  copy_state(*from.backbone->module(), *to.backbone->module());
  copy_state(*from.head->module(), *to.head->module());
}

}  // namespace lafs::nn
