#include "kernel/train/grad_scaler.h"

#include <cmath>

#include <ATen/ops/_amp_foreach_non_finite_check_and_unscale.h>
#include <ATen/ops/full.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>

namespace lafs {

namespace {

const float lowest_scale = std::ldexp(1.0F, -20);

}  // namespace

GradScaler::GradScaler(const LossScaleOptions& options) : options_(options) { state_.scale = static_cast<float>(options.start); }

at::Tensor GradScaler::scaled(const at::Tensor& loss) const {
  const bool half = loss.scalar_type() == at::kHalf || loss.scalar_type() == at::kBFloat16;
  return (half ? loss.to(at::kFloat) : loss) * static_cast<double>(state_.scale);
}

bool GradScaler::unscale(const std::vector<at::Tensor>& gradients) const {
  if (gradients.empty()) return true;
  const at::NoGradGuard no_grad;
  const auto options = at::TensorOptions(at::kFloat).device(gradients.front().device());
  at::Tensor overflow = at::zeros({1}, options);
  // The reciprocal is rounded once, from double: for scales that are no powers of two it shows.
  const at::Tensor inverse = at::full({1}, static_cast<float>(1 / static_cast<double>(state_.scale)), options);
  at::_amp_foreach_non_finite_check_and_unscale_(gradients, overflow, inverse);
  return overflow.item<float>() == 0;
}

void GradScaler::update(bool finite) {
  before_ = state_.scale;
  if (!finite) {
    state_.scale = static_cast<float>(state_.scale * options_.backoff);
    state_.growth_counter = 0;
    ++state_.skipped;
    ++state_.in_a_row;
    return;
  }
  state_.in_a_row = 0;
  if (++state_.growth_counter < options_.growth_interval) return;
  state_.growth_counter = 0;
  const auto grown = static_cast<float>(state_.scale * options_.growth);
  if (std::isfinite(grown)) state_.scale = grown;
}

std::string GradScaler::skip_note() const {
  std::string text = fmt::format("update skipped: a gradient is not finite at loss scale {}, which is now {}; {} skipped so far", before_,
                                 state_.scale, state_.skipped);
  if (state_.scale < 1) {
    text += fmt::format(
        ", {} in a row. A scale below 1 means that the gradients themselves leave fp16's range: precision = \"bf16\" or \"fp32\" has it",
        state_.in_a_row);
  }
  return text;
}

bool GradScaler::exhausted() const { return state_.scale < lowest_scale; }

std::optional<GradScaler> grad_scaler(const RunOptions& run) {
  if (run.precision != "fp16") return std::nullopt;
  return GradScaler(run.loss_scale);
}

}  // namespace lafs
