#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "kernel/ledger/checkpoint_state.h"
#include "kernel/recipe/recipe.h"

namespace lafs {

/// Dynamic loss scaling (pretraining.md 8): the loss is multiplied before backward so that gradients in fp16 do not vanish, gradients
/// are divided after it, and a step in which one of them is not finite is left out and lowers the scale. The sequence of scales is
/// that of PyTorch's scaler: rounded to fp32 after every change, and not grown past its range. [main thread]
class GradScaler {
 public:
  explicit GradScaler(const LossScaleOptions& options);

  /// The loss times the scale, at least in fp32: a factor of 65536 does not fit into fp16.
  at::Tensor scaled(const at::Tensor& loss) const;

  /// Divides gradients by the scale, in place. False when any of them held an infinity or NaN; their values are of no use then.
  bool unscale(const std::vector<at::Tensor>& gradients) const;

  /// Ends a step whose `unscale` gave `finite`. Once per optimizer step.
  void update(bool finite);

  /// A sentence after a step that was left out: what the scale was and is, and below 1 what to do about it.
  std::string skip_note() const;

  /// Whether the scale has fallen so low, below 2^-20, that it cannot be the cause of what is not finite.
  bool exhausted() const;

  const GradScalerState& state() const { return state_; }
  void restore(const GradScalerState& state) { state_ = state; }

 private:
  LossScaleOptions options_;
  GradScalerState state_;
  float before_ = 0;  ///< the scale of the step that ended last
};

/// A scaler where the precision needs one: "fp16".
std::optional<GradScaler> grad_scaler(const RunOptions& run);

}  // namespace lafs
