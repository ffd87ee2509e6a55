#pragma once
#include <memory>
#include <string>

#include <ATen/core/Tensor.h>

namespace torch::nn {
class Module;
}

namespace lafs {

/// Where the first number came from that is not finite.
struct NotFiniteSource {
  std::string pass;       ///< "input", "parameter", "forward" or "backward"; empty: none was seen
  std::string layer;      ///< the module whose parameters were used last, "backbone.transformer.layers.3.0.fn.norm"; may be empty
  std::string operation;  ///< of torch, "aten::native_layer_norm"; empty for inputs and parameters
  bool between = false;   ///< it appeared after `layer` and before `operation`, in code that torch does not see

  bool operator==(const NotFiniteSource&) const = default;
};

/// A sentence: "the first number that is not finite is in the output of aten::div, after layer \"backbone.mlp_head.0\"".
std::string not_finite_text(const NotFiniteSource& source);

/// While it lives, looks at what every operation of torch on this thread, and on the threads of its backward pass, takes and gives, and
/// remembers the first number that is not finite. Slow: it reads every tensor. Layers are known by the parameters that an operation takes,
/// so every plugin's are, without its help; in the backward pass by the number that autograd gave to the operation. Numbers that are not
/// finite on purpose (a mask of -inf from such a scalar) do not count. One at a time. [main thread]
class FirstNotFinite {
 public:
  /// Looks at the parameters first. `root` must outlive it.
  explicit FirstNotFinite(const torch::nn::Module& root);
  ~FirstNotFinite();
  FirstNotFinite(const FirstNotFinite&) = delete;
  FirstNotFinite& operator=(const FirstNotFinite&) = delete;

  /// What the networks are fed, before a step.
  void look_at_input(const at::Tensor& input, const std::string& name);
  NotFiniteSource found() const;

  struct Watch;

 private:
  std::unique_ptr<Watch> watch_;
  uint64_t handle_ = 0;
};

}  // namespace lafs
