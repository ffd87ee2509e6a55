#pragma once
/// Tensors and modules are only named here: an interface that passes them needs no torch header.
namespace at {
class Tensor;
}
namespace torch::nn {
class Module;
}

namespace lafs {
using Tensor = at::Tensor;
}
