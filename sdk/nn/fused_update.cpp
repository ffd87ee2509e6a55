#include "nn/fused_update.h"

#include <algorithm>
#include <vector>

#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/_foreach_add.h>
#include <ATen/ops/_foreach_mul.h>
#include <fmt/format.h>

#include "lafs/error.h"

namespace lafs {

namespace {

constexpr int64_t piece = 1 << 16;  // elements a task: small tensors share none, large ones are shared out

struct Span {
  float* average;
  const float* value;
  int64_t count;
};

bool fits(const at::Tensor& x) { return x.is_cpu() && x.scalar_type() == at::kFloat && x.is_contiguous(); }

}  // namespace

void moving_average(at::TensorList averages, at::TensorList values, double momentum) {
  const at::NoGradGuard no_grad;
  if (averages.size() != values.size()) {
    throw Error(fmt::format("{} tensors cannot average {} tensors", averages.size(), values.size()));
  }
  bool fused = true;
  std::vector<Span> spans;
  for (size_t i = 0; i < averages.size(); ++i) {
    const at::Tensor& average = averages[i];
    const at::Tensor& value = values[i];
    if (average.sizes() != value.sizes()) {
      throw Error(fmt::format("tensor {} of an average has {} elements, not {}", i, average.numel(), value.numel()));
    }
    fused = fused && fits(average) && fits(value);
    for (int64_t first = 0; fused && first < average.numel(); first += piece) {
      spans.push_back({average.data_ptr<float>() + first, value.const_data_ptr<float>() + first, std::min(piece, average.numel() - first)});
    }
  }
  if (!fused) {
    at::_foreach_mul_(averages, momentum);
    at::_foreach_add_(averages, values, 1 - momentum);
    return;
  }
  const auto kept = static_cast<float>(momentum), taken = static_cast<float>(1 - momentum);
  at::parallel_for(0, static_cast<int64_t>(spans.size()), 1, [&](int64_t begin, int64_t end) {
    for (int64_t s = begin; s < end; ++s) {
      const Span& span = spans[static_cast<size_t>(s)];
      for (int64_t k = 0; k < span.count; ++k) span.average[k] = kept * span.average[k] + taken * span.value[k];
    }
  });
}

}  // namespace lafs
