#pragma once
#include <array>
#include <cstdint>
#include <type_traits>
#include <utility>
#include <vector>

#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>
#include <c10/core/impl/LocalDispatchKeySet.h>
#include <torch/csrc/autograd/custom_function.h>

namespace lafs::nn {

/// Autocast off, on every device, while this lives. [main thread]
class AutocastOff {
 public:
  AutocastOff() = default;

 private:
  c10::impl::ExcludeDispatchKeyGuard guard_{c10::autocast_dispatch_keyset};
};

/// Half types as fp32; everything else as it is.
inline at::Tensor widened(const at::Tensor& tensor) {
  const bool half = tensor.defined() && (tensor.scalar_type() == at::kHalf || tensor.scalar_type() == at::kBFloat16);
  return half ? tensor.to(at::kFloat) : tensor;
}

/// The one wrapper of custom autograd functions. `Rule` is a struct with
///   static at::Tensor forward(torch::autograd::AutogradContext* context, <arguments of apply>...);
///   static std::vector<at::Tensor> backward(torch::autograd::AutogradContext* context, const at::Tensor& gradient);
/// where backward returns a tensor (undefined: none) for every argument. Both run with autocast off; tensors of half types arrive in
/// fp32 (double stays double, for gradient checks) and each gradient leaves in the type of its input. A rule with
/// `static constexpr bool keeps_half = true` gets them as they are.
/// Use: `Function<Rule>::apply(a, b, 0.5)`.
template <typename Rule>
class Function : public torch::autograd::Function<Function<Rule>> {
 public:
  template <typename... Args>
  static at::Tensor forward(torch::autograd::AutogradContext* context, const Args&... args) {
    const AutocastOff off;
    std::vector<int64_t> types;
    (types.push_back(type_of(args)), ...);
    context->saved_data["lafs_input_types"] = types;
    return Rule::forward(context, wide(args)...);
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 const torch::autograd::variable_list& gradients) {
    const AutocastOff off;
    std::vector<at::Tensor> out = Rule::backward(context, wide(gradients[0]));
    const std::vector<int64_t> types = context->saved_data["lafs_input_types"].toIntVector();
    for (size_t i = 0; i < out.size(); ++i) {
      if (out[i].defined() && types[i] >= 0) out[i] = out[i].to(static_cast<at::ScalarType>(types[i]));
    }
    return out;
  }

 private:
  static constexpr bool keeps_half() {
    return requires { Rule::keeps_half; };
  }
  template <typename T>
  static int64_t type_of(const T& arg) {
    if constexpr (std::is_same_v<T, at::Tensor>) {
      return arg.defined() ? static_cast<int64_t>(arg.scalar_type()) : -1;
    } else {
      return -1;
    }
  }
  template <typename T>
  static decltype(auto) wide(const T& arg) {
    if constexpr (std::is_same_v<T, at::Tensor> && !keeps_half()) {
      return widened(arg);
    } else {
      return (arg);
    }
  }
};

}  // namespace lafs::nn
