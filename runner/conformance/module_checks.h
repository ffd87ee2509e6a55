#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <ATen/core/Tensor.h>

#include "lafs/use.h"
#include "nn/layers/tree.h"
#include "runner/conformance/findings.h"

namespace lafs::conformance {

/// Numbers in [-1, 1] that follow from a key.
at::Tensor keyed_tensor(const std::vector<int64_t>& shape, uint64_t key);
bool finite(const at::Tensor& tensor);
double largest_difference(const at::Tensor& a, const at::Tensor& b);
double relative_difference(const at::Tensor& a, const at::Tensor& b);
std::string shape_text(const at::Tensor& tensor);
nn::NamedTensors copy_of_state(const torch::nn::Module& root);

/// Whether a tensor is a running statistic of a BatchNorm, whose module counts batches. A "running_mean" of another module is not.
bool belongs_to_batch_norm(const std::string& name, const nn::NamedTensors& state);
bool has_batch_norm(const torch::nn::Module& root);

/// Names of the tensors that are not what they were.
std::string changed(const nn::NamedTensors& before, const torch::nn::Module& root, bool batch_norm_may);

/// Trainable parameters without a gradient, or with one of zeros.
std::string without_gradient(const torch::nn::Module& root, const std::string& excluded_prefix);

/// Moves every trainable parameter a little: a branch that starts at zero has gradients of zero behind it.
void stir(const torch::nn::Module& root);
void forget_gradients(const torch::nn::Module& root);

/// The value of a number option as it was read; `otherwise` where there is none.
double number_option(const AnyUse& use, std::string_view key, double otherwise);

/// Whether an option that is called some dropout is a probability above 0.
bool drops(const AnyUse& use);

/// Names are unique, every parameter has a rule, and first values follow from the seed. `make` makes one more instance.
void conform_module(const std::function<std::shared_ptr<torch::nn::Module>()>& make, Findings& findings);

/// Torch's own generator, which no plugin may draw from: its numbers follow from what else was drawn, not from a key.
class TorchChance {
 public:
  static constexpr const char* promise = "random numbers come only from Draws";
  static constexpr const char* what = "torch's own generator was used";
  bool untouched() const;

 private:
  static at::Tensor state();
  at::Tensor before_ = state();
};

}  // namespace lafs::conformance
