#include <cmath>
#include <vector>

#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <fmt/format.h>
#include <torch/types.h>

#include "lafs/error.h"
#include "nn/simd/update_simd.h"
#include "nn/train/fused_update.h"
#include "nn/train/update_factors.h"

namespace lafs::nn {

namespace {

bool in_place(const at::Tensor& x) { return !x.defined() || (x.is_cpu() && x.scalar_type() == at::kFloat && x.is_contiguous()); }

void check_rows(const at::Tensor& parameter, const at::Tensor& rows, const at::Tensor& gradient) {
  if (rows.dim() == 1 && gradient.size(0) == rows.size(0) && gradient.numel() == rows.size(0) * (parameter.numel() / parameter.size(0)))
    return;
  throw Error(fmt::format("{} rows for a gradient of {} numbers, and a parameter with {} a row", rows.numel(), gradient.numel(),
                          parameter.numel() / parameter.size(0)));
}

/// `work(row of the parameter, row of the gradient)`, shared out over threads.
template <typename Work>
void each_row(const at::Tensor& rows, const Work& work) {
  const int64_t* at = rows.const_data_ptr<int64_t>();
  at::parallel_for(0, rows.size(0), 64, [&](int64_t begin, int64_t end) {
    for (int64_t k = begin; k < end; ++k) work(at[k], k);
  });
}

float* data_of(const at::Tensor& x) { return x.defined() ? x.data_ptr<float>() : nullptr; }

/// By copies of the rows, which are put back.
template <typename Step>
void by_copies(const std::vector<at::Tensor>& wholes, const at::Tensor& rows, const Step& step) {
  std::vector<at::Tensor> parts;
  const at::Tensor there = rows.to(wholes.front().device());
  for (const at::Tensor& whole : wholes) parts.push_back(whole.defined() ? whole.index_select(0, there) : at::Tensor());
  step(parts);
  for (size_t i = 0; i < wholes.size(); ++i) {
    if (wholes[i].defined()) at::Tensor(wholes[i]).index_copy_(0, there, parts[i]);
  }
}

}  // namespace

void momentum_rows(const at::Tensor& parameter, const at::Tensor& rows, const at::Tensor& gradient, const at::Tensor& direction,
                   const MomentumNumbers& numbers) {
  const at::NoGradGuard no_grad;
  check_rows(parameter, rows, gradient);
  if (!in_place(parameter) || !in_place(gradient) || !in_place(direction)) {
    return by_copies({parameter, direction}, rows, [&](std::vector<at::Tensor>& parts) {
      std::vector<at::Tensor> directions;
      if (direction.defined()) directions.push_back(parts[1]);
      momentum_step({parts[0]}, {gradient}, directions, numbers);
    });
  }
  const MomentumFactors factors = momentum_factors(numbers);
  const int64_t width = parameter.numel() / parameter.size(0);
  float *const p = data_of(parameter), *const g = data_of(gradient), *const m = data_of(direction);
  each_row(rows,
           [&](int64_t row, int64_t k) { momentum_update(p + row * width, g + k * width, m ? m + row * width : nullptr, width, factors); });
}

void adamw_rows(const at::Tensor& parameter, const at::Tensor& rows, const at::Tensor& gradient, const at::Tensor& first_moment,
                const at::Tensor& second_moment, const at::Tensor& steps, const AdamWNumbers& numbers) {
  const at::NoGradGuard no_grad;
  check_rows(parameter, rows, gradient);
  const bool by_row = steps.dim() == 1;
  const at::Tensor counts = by_row ? steps.index_select(0, rows.to(steps.device())).add_(1) : at::Tensor(steps).add_(1);
  if (by_row) at::Tensor(steps).index_copy_(0, rows.to(steps.device()), counts);
  const at::Tensor host = counts.cpu();
  const float* const count = host.const_data_ptr<float>();
  if (!in_place(parameter) || !in_place(gradient) || !in_place(first_moment) || !in_place(second_moment)) {
    return by_copies({parameter, first_moment, second_moment}, rows, [&](std::vector<at::Tensor>& parts) {
      for (int64_t k = 0; k < rows.size(0); ++k) {
        const at::Tensor step = at::full({}, count[by_row ? k : 0] - 1, steps.options());
        adamw_step({parts[0][k]}, {gradient[k]}, {parts[1][k]}, {parts[2][k]}, {step}, numbers);
      }
    });
  }
  const int64_t width = parameter.numel() / parameter.size(0);
  float *const p = data_of(parameter), *const g = data_of(gradient), *const m = data_of(first_moment), *const v = data_of(second_moment);
  each_row(rows, [&](int64_t row, int64_t k) {
    const AdamWFactors factors = adamw_factors(static_cast<double>(count[by_row ? k : 0]), numbers);
    adamw_update(p + row * width, g + k * width, m + row * width, v + row * width, width, factors);
  });
}

}  // namespace lafs::nn
